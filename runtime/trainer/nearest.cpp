// Lists are cut after some names, so that a message stays one.
#include "runtime/trainer/nearest.h"

#include "runtime/core/handle.h"

namespace netc::trainer {

std::string suggestion(const std::string& name, const std::vector<std::string>& names) {
  auto name_of = [](const void* list, size_t i) {
    return (*static_cast<const std::vector<std::string>*>(list))[i].c_str();
  };
  if (const char* nearest = netc_nearest(name.c_str(), names.size(), name_of, &names))
    return std::string("; did you mean `") + nearest + "`?";
  std::string list;
  constexpr size_t shown = 10;
  for (size_t i = 0; i < names.size() && i < shown; ++i)
    list += (i == 0 ? "; there are `" : ", `") + names[i] + "`";
  return names.size() > shown ? list + ", ..." : list;
}

}  // namespace netc::trainer
