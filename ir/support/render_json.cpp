#include "ir/support/render_json.h"

#include "ir/support/utf8.h"

namespace netc {

namespace {

std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (size_t i = 0; i < text.size();) {
    uint32_t length = utf8_length(text.substr(i));
    std::string_view character = text.substr(i, length);
    auto byte = static_cast<unsigned char>(character[0]);
    if (byte == '"' || byte == '\\')
      json += {'\\', character[0]};
    else if (byte < 0x20)
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(byte));
    else if (length == 1 && byte >= 0x80)
      json += "\\ufffd";
    else
      json += character;
    i += length;
  }
  return json + '"';
}

std::string place(SourceRange range, const SourceMap& sources) {
  LineColumn begin = sources.position(range.file, range.begin);
  LineColumn end = sources.position(range.file, range.end);
  return fmt::format(R"("file":{},"line":{},"column":{},"end_line":{},"end_column":{})",
                     quoted(sources.name(range.file)), begin.line, begin.column, end.line,
                     end.column);
}

template <typename Item>
std::string placed(const std::vector<Item>& items, const SourceMap& sources) {
  std::string json;
  for (const Item& item : items) {
    json += fmt::format("{}{{\"text\":{}", json.empty() ? "" : ",", quoted(item.text));
    if (item.range.valid()) json += "," + place(item.range, sources);
    json += "}";
  }
  return json;
}

}  // namespace

std::string render_json(const Diagnostic& diagnostic, const SourceMap& sources) {
  std::string helps;
  for (const std::string& help : diagnostic.helps)
    helps += (helps.empty() ? "" : ",") + quoted(help);
  std::string where = diagnostic.range.valid() ? place(diagnostic.range, sources) + "," : "";
  return fmt::format(
      R"({{"severity":"{}","code":"{}","message":{},{}"labels":[{}],"notes":[{}],"helps":[{}]}})",
      name(diagnostic.severity), tag(diagnostic), quoted(diagnostic.message), where,
      placed(diagnostic.labels, sources), placed(diagnostic.notes, sources), helps);
}

}  // namespace netc
