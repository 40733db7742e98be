#include "tests/support/http_client.hpp"

#include <cctype>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace signalbox::test {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

struct HttpClient::Connection {
  explicit Connection(std::uint16_t port) : stream(context) {
    stream.connect(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port));
    stream.socket().set_option(asio::ip::tcp::no_delay(true));
  }

  /// Runs one asynchronous operation to its end, so that the stream's deadline holds.
  template <class Start>
  beast::error_code await(Start start) {
    beast::error_code result;
    stream.expires_after(scaled(kPatience));
    start([&](beast::error_code error, std::size_t) { result = error; });
    context.restart();
    context.run();
    return result;
  }

  asio::io_context context{1};
  beast::tcp_stream stream;
  beast::flat_buffer buffer;
};

HttpClient::HttpClient(std::uint16_t port) : port_(port) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

HttpResponse HttpClient::request(const std::string& method, const std::string& target, const std::string& body,
                                 const Headers& headers) {
  http::request<http::string_body> request;
  request.method_string(method);
  request.target(target);
  request.version(11);
  request.set(http::field::host, "localhost");
  for (const auto& [name, value] : headers) request.set(name, value);
  request.body() = body;
  if (!body.empty() || method == "POST") request.prepare_payload();

  std::optional<http::response_parser<http::string_body>> parser;
  const auto exchange = [&]() -> beast::error_code {
    beast::error_code error = connection_->await([&](auto done) { http::async_write(connection_->stream, request, done); });
    if (error) return error;
    parser.emplace();
    parser->body_limit(boost::none);
    parser->skip(method == "HEAD");
    return connection_->await([&](auto done) { http::async_read(connection_->stream, connection_->buffer, *parser, done); });
  };

  const bool reused = connection_ != nullptr;
  if (!reused) connection_ = std::make_unique<Connection>(port_);
  beast::error_code error = exchange();
  const bool server_had_closed = reused && (error == http::error::end_of_stream || error == asio::error::connection_reset ||
                                            error == asio::error::broken_pipe);
  if (server_had_closed) {
    connection_ = std::make_unique<Connection>(port_);
    error = exchange();
  }
  if (error) {
    connection_.reset();
    throw beast::system_error(error, method + " " + target);
  }

  HttpResponse response{parser->get().result_int(), {}, parser->get().body()};
  for (const auto& field : parser->get()) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    response.headers[name] = std::string(field.value());
  }
  if (!parser->keep_alive()) connection_.reset();
  return response;
}

std::string percent_encoded(const std::string& text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~') {
      result += c;
    } else {
      result += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return result;
}

}  // namespace signalbox::test
