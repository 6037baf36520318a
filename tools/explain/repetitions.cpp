#include <algorithm>

#include "tools/explain/explanation.h"

namespace netc::explain {

namespace {

/// How often the `length` sections before `first` stand again from there on.
size_t times_repeated(const std::vector<SectionStory>& sections,
                      std::string SectionStory::*signature, size_t first, size_t length) {
  size_t same = 0;
  while (first + same < sections.size() &&
         sections[first + same].*signature == sections[first + same - length].*signature &&
         sections[first + same].kind == SectionKind::layer)
    ++same;
  return same / length;
}

}  // namespace

/// From the front: at each place the length that saves most, the shortest one of these.
std::vector<Repetition> find_repetitions(const std::vector<SectionStory>& sections,
                                         std::string SectionStory::*signature) {
  std::vector<Repetition> found;
  for (size_t begin = 1; begin < sections.size();) {
    Repetition best;
    for (size_t length = 1; begin + 2 * length <= sections.size(); ++length) {
      const size_t count = times_repeated(sections, signature, begin + length, length);
      if (count * length > best.count * best.length) best = {begin + length, length, count};
    }
    if (best.count) found.push_back(best);
    begin = best.count ? best.first + best.count * best.length : begin + 1;
  }
  return found;
}

}  // namespace netc::explain
