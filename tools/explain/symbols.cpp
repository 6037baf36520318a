#include "tools/explain/symbols.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "tools/explain/instances.h"

namespace netc::explain {

namespace {

bool is_number(const std::string& word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The words of a name without the counts that keep names apart: `q.sum.2` is q, sum.
std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::string word = name.substr(begin, end - begin);
    if (!is_number(word) || words.empty()) words.push_back(word);
    begin = end + 1;
  }
  return words;
}

std::string last_words(const std::vector<std::string>& words, size_t count) {
  std::string text;
  for (size_t i = words.size() - std::min(count, words.size()); i < words.size(); ++i)
    text += (text.empty() ? "" : ".") + words[i];
  return text;
}

SymbolKind kind_of(const Value& value) {
  switch (value.kind) {
    case ValueKind::input:
      return SymbolKind::input;
    case ValueKind::setting:
      return SymbolKind::setting;
    case ValueKind::variable:
      return value.role == VariableRole::param ? SymbolKind::parameter : SymbolKind::state;
    default:
      return SymbolKind::value;
  }
}

/// The tensors of one section, in order.
std::vector<ValueId> tensors_of(const Graph& graph, const Section& section) {
  std::vector<ValueId> tensors = section.parameters;
  if (section.kind == SectionKind::inputs)
    tensors.insert(tensors.begin(), graph.inputs.begin(), graph.inputs.end());
  for (const OpId op : section.ops) tensors.push_back(graph[op].results[0]);
  return tensors;
}

/// Names of two words where one is not enough within the section: `q.sum` and `k.sum`.
/// The instance itself is named without its count: the symbol has the section's number.
std::vector<std::string> bases_of(const Graph& graph, const std::vector<ValueId>& tensors,
                                  const std::string& instance) {
  std::vector<std::vector<std::string>> words;
  std::map<std::string, std::set<std::string>> meanings;  // last word -> last two
  for (const ValueId tensor : tensors) {
    words.push_back(words_of(graph[tensor].name));
    std::string& last = words.back().back();
    const size_t end = last.find_last_not_of("0123456789");
    if (graph[tensor].name == instance && end != std::string::npos) last.resize(end + 1);
    if (graph[tensor].kind == ValueKind::result)
      meanings[last_words(words.back(), 1)].insert(last_words(words.back(), 2));
  }
  std::vector<std::string> bases;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const bool is_result = graph[tensors[i]].kind == ValueKind::result;
    const bool is_plain = !is_result || meanings[last_words(words[i], 1)].size() == 1;
    bases.push_back(last_words(words[i], is_plain ? 1 : 2));
  }
  return bases;
}

/// A tensor of the model that is the gradient of another.
std::optional<Symbol> inner_gradient(const Symbols& symbols, const std::string& key) {
  if (!key.starts_with("%d.")) return std::nullopt;
  const auto of = symbols.find("%" + key.substr(3));
  if (of == symbols.end()) return std::nullopt;
  Symbol symbol = of->second;
  ++symbol.order;
  symbol.row = key;
  return symbol;
}

}  // namespace

Symbols name_tensors(const Graph& before, const Sections& sections) {
  Symbols symbols;
  std::map<std::string, std::set<size_t>> homes;  // name -> the sections that use it
  for (const ValueId setting : before.settings)
    homes[before[setting].name].insert(sections.list.size());
  for (size_t k = 0; k < sections.list.size(); ++k) {
    const std::vector<ValueId> tensors = tensors_of(before, sections.list[k]);
    const std::vector<std::string> bases = bases_of(before, tensors, sections.list[k].title);
    std::map<std::string, size_t> copies;
    for (size_t i = 0; i < tensors.size(); ++i) {
      const std::string key = key_of(before, tensors[i]);
      if (const std::optional<Symbol> gradient = inner_gradient(symbols, key)) {
        symbols[key] = *gradient;
        continue;
      }
      homes[bases[i]].insert(k);
      symbols[key] = {.base = bases[i],
                      .layer = k,
                      .copy = ++copies[bases[i]],
                      .kind = kind_of(before[tensors[i]]),
                      .row = key};
    }
  }
  for (auto& [key, symbol] : symbols)
    if (homes[symbol.base].size() == 1) symbol.layer = 0;
  for (const ValueId setting : before.settings)
    symbols[key_of(before, setting)] = {.base = before[setting].name, .kind = SymbolKind::setting};
  return symbols;
}

NamedParameter parameter_in(const Graph& graph, const std::string& name) {
  NamedParameter found;
  size_t longest = 0;
  const std::string words = "." + name + ".";
  for (const ValueId variable : graph.variables) {
    const std::string& parameter = graph[variable].name;
    if (graph[variable].role != VariableRole::param || parameter.size() <= longest) continue;
    const size_t at = words.rfind("." + parameter + ".");
    if (at == std::string::npos) continue;
    found = {variable, at};
    longest = parameter.size();
  }
  return found;
}

namespace {

/// `d.y.part` for `y`: the gradient of its symbol, and that it is but a part.
Symbol backward_symbol(const Symbol& owner, const Role& role, const std::string& name) {
  Symbol symbol = owner;
  symbol.order += role.is_gradient;
  const size_t length = role.of.size() - 1 + (role.is_gradient ? 2 : 0);
  if (name.size() > length) symbol.part = name.substr(length + 1);
  return symbol;
}

/// `optimizer.velocity.dense1.w.next` is `velocity.w1.next`.
Symbol optimizer_symbol(const Symbols& symbols, const Graph& graph, const std::string& name) {
  constexpr std::string_view prefix = "optimizer.";
  const NamedParameter found = parameter_in(graph, name);
  if (!found.parameter.valid()) return {.base = name};
  const auto known = symbols.find(key_of(graph, found.parameter));
  if (known == symbols.end()) return {.base = name};
  std::string base = name;
  base.replace(found.at, graph[found.parameter].name.size(), to_text(known->second));
  if (base.starts_with(prefix)) base.erase(0, prefix.size());
  return {.base = base};
}

}  // namespace

void name_the_rest(Symbols& symbols, const Graph& graph, const std::vector<Role>& roles) {
  std::set<std::string> taken;
  for (const auto& [key, symbol] : symbols) taken.insert(to_text(symbol));
  for (size_t i = 0; i < graph.ops.size(); ++i) {
    const Op& op = graph.ops[i];
    if (op.results.empty()) continue;
    const std::string key = key_of(graph, op.results[0]);
    const std::string name = key.substr(1);
    if (symbols.contains(key)) continue;
    const auto owner = symbols.find(roles[i].of);
    if (owner != symbols.end()) {
      Symbol symbol = backward_symbol(owner->second, roles[i], name);
      const std::string count = is_number(symbol.part) ? std::exchange(symbol.part, "") : "";
      if (taken.contains(to_text(symbol))) symbol.part = count;
      taken.insert(to_text(symbol));
      symbols[key] = symbol;
    } else if (roles[i].part == Part::optimizer) {
      symbols[key] = optimizer_symbol(symbols, graph, name);
    }
  }
}

SymbolOf symbols_in(const Graph& graph, const Symbols& symbols) {
  return [&](ValueId value) {
    const auto found = symbols.find(key_of(graph, value));
    return found == symbols.end() ? Symbol{.base = graph[value].name} : found->second;
  };
}

}  // namespace netc::explain
