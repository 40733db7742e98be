// A keep-alive HTTP client on Boost.Beast: an implementation of HTTP that is not Signalbox's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/deadline.hpp"

namespace signalbox::test {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpResponse {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

/// One connection to 127.0.0.1, made when needed and made again after the server has closed it.
/// Errors: boost::system::system_error when the server can't be reached or does not answer within kPatience.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port);
  HttpClient(HttpClient&&) noexcept;
  ~HttpClient();

  HttpResponse request(const std::string& method, const std::string& target, const std::string& body = {},
                       const Headers& headers = {});
  HttpResponse get(const std::string& target, const Headers& headers = {}) { return request("GET", target, {}, headers); }
  HttpResponse post(const std::string& target, const std::string& body, const Headers& headers = {}) {
    return request("POST", target, body, headers);
  }

 private:
  struct Connection;
  std::uint16_t port_;
  std::unique_ptr<Connection> connection_;
};

/// Every character but the unreserved ones of RFC 3986 as %XX.
[[nodiscard]] std::string percent_encoded(const std::string& text);

}  // namespace signalbox::test
