// Requests that a page of another site, in a browser that reaches this API, may have sent.
#pragma once

#include "server/http/request_head.hpp"

namespace signalbox::api {

/// Which names of this server count in a Host field.
enum class HostNames { local, any };

/// Why an API that asks for no key must not obey this request, or null. A browser lets any page send a GET, or a POST of text,
/// and says in Origin and Sec-Fetch-Site who sent it. A page whose own name was made to lead here (DNS rebinding) is of the
/// same origin and betrays itself by that name in Host: HostNames::local refuses every name that may be bought.
const char* why_foreign(const http::RequestHead& head, HostNames names);

}  // namespace signalbox::api
