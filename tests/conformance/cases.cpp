#include "tests/conformance/cases.hpp"

#include "tests/conformance/cases/cases.hpp"

namespace signalbox::conformance {
namespace {

constexpr Case kCases[] = {
    {1, "delivers a message once, byte for byte", delivers_once_byte_for_byte},
    {2, "counts nobody as nobody", counts_nobody_as_nobody},
    {3, "delivers to every holder of a channel", delivers_to_every_holder},
    {4, "counts a repeated subscribe once", counts_a_repeated_subscribe_once},
    {5, "is silent after an unsubscribe, also about what was in flight", is_silent_after_an_unsubscribe},
    {6, "accepts an unsubscribe of what was never subscribed", accepts_an_unsubscribe_of_nothing},
    {7, "ends where the last of 10,000 flaps says, each call completed once", ends_where_the_last_of_many_flaps_says},
    {8, "brings its own publishes back exactly once", brings_its_own_publishes_back_once},
    {9, "keeps the order of 10,000 messages to one channel", keeps_the_order_of_one_channel},
    {10, "keeps the order within each of 100 channels", keeps_the_order_within_each_of_many_channels},
    {11, "takes any bytes as a name, up to 768", takes_any_bytes_as_a_name},
    {12, "never confuses names that look alike", never_confuses_names_that_look_alike},
    {13, "refuses names of 0 and of 769 bytes", refuses_names_of_no_or_too_many_bytes},
    {14, "lets no name or payload speak its protocol", lets_no_name_or_payload_speak_its_protocol},
    {15, "carries payloads of every size and byte", carries_payloads_of_every_size_and_byte},
    {16, "refuses a payload over its limit, and sends nothing of it", refuses_a_payload_over_its_limit},
    {17, "says that a channel exists while, and only while, it is held", says_yes_while_and_only_while_a_channel_is_held},
    {18, "answers 10,000 questions at once, each rightly", answers_ten_thousand_questions_at_once},
    {19, "forgets a holder whose process was killed", forgets_a_holder_that_was_killed},
    {20, "speaks the truth about a frozen holder", speaks_the_truth_about_a_frozen_holder},
    {21, "forgets what a restarted holder did not take again", forgets_what_a_restarted_holder_did_not_take_again},
    {22, "has 10,000 channels again 2 s after a server's restart, and tells the gap",
     subscribes_everything_again_after_a_restart},
    {23, "refuses publishes while the server is away, and keeps none for later", refuses_publishes_while_the_server_is_away},
    {24, "applies what was asked during an outage", applies_what_was_asked_during_an_outage},
    {25, "notices a half-open link", notices_a_half_open_link},
    {26, "admits that it can't know when the answer is missing, and never sends again", admits_that_it_can_not_know},
    {27, "never delivers half a message", never_delivers_half_a_message},
    {28, "survives garbage from the server", survives_garbage_from_the_server, std::chrono::seconds(240)},
    {29, "recovers from a wrong password once it is mended", recovers_from_a_wrong_password_once_it_is_mended},
    {30, "rejects one forbidden channel among 100", rejects_one_forbidden_channel_among_many},
    {31, "waits where the server takes no more connections", waits_where_the_server_takes_no_more_connections},
    {32, "tells a gap where a slow reader was given up", tells_what_a_slow_reader_missed},
    {33, "leaves a server that is no longer the master", leaves_a_server_that_is_no_longer_the_master},
    {34, "refuses a server that can't keep the contract, with the reason", refuses_a_server_that_can_not_keep_the_contract},
    {35, "never blocks on a frozen server, nor buffers without bound", never_blocks_on_a_frozen_server},
    {36, "misses nothing behind a confirmed subscribe at 100 ms round trip", misses_nothing_behind_a_confirmed_subscribe},
    {37, "holds 100,000 channels, with a bounded memory and no thread for each", holds_a_hundred_thousand_channels,
     std::chrono::seconds(180)},
    {38, "keeps the rules of callbacks: never inside a call, never overlapping, none after stop", keeps_the_rules_of_callbacks},
    {39, "notices that messages do not arrive though TCP is healthy", notices_that_messages_do_not_arrive},
    {40, "leaves foreign and unreadable payloads to the core", leaves_foreign_and_unreadable_payloads_to_the_core},
};

}  // namespace

std::span<const Case> all_cases() { return kCases; }

}  // namespace signalbox::conformance
