// Every case as a function, a file a group. The table in ../cases.cpp gives them their numbers.
#pragma once

#include "tests/conformance/trial.hpp"

namespace signalbox::conformance {

// delivery.cpp
void delivers_once_byte_for_byte(Trial& trial);
void counts_nobody_as_nobody(Trial& trial);
void delivers_to_every_holder(Trial& trial);
void counts_a_repeated_subscribe_once(Trial& trial);
void is_silent_after_an_unsubscribe(Trial& trial);
void brings_its_own_publishes_back_once(Trial& trial);
void keeps_the_order_of_one_channel(Trial& trial);
void keeps_the_order_within_each_of_many_channels(Trial& trial);

// subscriptions.cpp
void accepts_an_unsubscribe_of_nothing(Trial& trial);
void ends_where_the_last_of_many_flaps_says(Trial& trial);

// names.cpp
void takes_any_bytes_as_a_name(Trial& trial);
void never_confuses_names_that_look_alike(Trial& trial);
void refuses_names_of_no_or_too_many_bytes(Trial& trial);
void lets_no_name_or_payload_speak_its_protocol(Trial& trial);

// payloads.cpp
void carries_payloads_of_every_size_and_byte(Trial& trial);
void refuses_a_payload_over_its_limit(Trial& trial);
void leaves_foreign_and_unreadable_payloads_to_the_core(Trial& trial);

// exists.cpp
void says_yes_while_and_only_while_a_channel_is_held(Trial& trial);
void answers_ten_thousand_questions_at_once(Trial& trial);

// holders.cpp
void forgets_a_holder_that_was_killed(Trial& trial);
void speaks_the_truth_about_a_frozen_holder(Trial& trial);
void forgets_what_a_restarted_holder_did_not_take_again(Trial& trial);

// outages.cpp
void subscribes_everything_again_after_a_restart(Trial& trial);
void refuses_publishes_while_the_server_is_away(Trial& trial);
void applies_what_was_asked_during_an_outage(Trial& trial);
void never_delivers_half_a_message(Trial& trial);
void survives_garbage_from_the_server(Trial& trial);

// silence.cpp
void notices_a_half_open_link(Trial& trial);
void admits_that_it_can_not_know(Trial& trial);
void never_blocks_on_a_frozen_server(Trial& trial);
void notices_that_messages_do_not_arrive(Trial& trial);

// refusals.cpp
void recovers_from_a_wrong_password_once_it_is_mended(Trial& trial);
void rejects_one_forbidden_channel_among_many(Trial& trial);
void waits_where_the_server_takes_no_more_connections(Trial& trial);
void leaves_a_server_that_is_no_longer_the_master(Trial& trial);
void refuses_a_server_that_can_not_keep_the_contract(Trial& trial);

// load.cpp
void tells_what_a_slow_reader_missed(Trial& trial);
void misses_nothing_behind_a_confirmed_subscribe(Trial& trial);
void holds_a_hundred_thousand_channels(Trial& trial);

// callbacks.cpp
void keeps_the_rules_of_callbacks(Trial& trial);

}  // namespace signalbox::conformance
