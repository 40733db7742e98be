#pragma once

#include <string>

#include <boost/json.hpp>

namespace signalbox::test {

/// A JSON object; an empty one if `text` is none, so that a comparison fails with the text shown.
inline boost::json::object json(const std::string& text) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(text, error);
  return !error && value.is_object() ? value.get_object() : boost::json::object{};
}

/// A member that is a string; "" otherwise.
inline std::string text_of(const boost::json::object& object, const std::string& name) {
  const boost::json::value* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string().c_str()) : "";
}

/// The code of an API error, {"error":{"code":…}}.
inline std::string error_code(const std::string& body) {
  const boost::json::object object = json(body);
  const boost::json::value* error = object.if_contains("error");
  return error && error->is_object() ? text_of(error->get_object(), "code") : "";
}

}  // namespace signalbox::test
