// Definitions are compared node by node, in the order of the nodes that are used: their ids differ
// where one of the two has unused nodes between them.
#include "passes/same_graph.h"

#include <algorithm>

namespace netc {

namespace {

class SameNodes {
 public:
  SameNodes(const Definition& a, const Definition& b)
      : a_(a), b_(b), nodes_a_(reachable(a)), nodes_b_(reachable(b)) {}

  bool all() const {
    if (nodes_a_.size() != nodes_b_.size()) return false;
    for (size_t i = 0; i < nodes_a_.size(); ++i)
      if (!same(a_.dag[nodes_a_[i]], b_.dag[nodes_b_[i]])) return false;
    return same(a_.body, b_.body) && same(a_.base, b_.base) && same(a_.target, b_.target);
  }

 private:
  static size_t place(const std::vector<ExprId>& nodes, ExprId id) {
    return static_cast<size_t>(std::lower_bound(nodes.begin(), nodes.end(), id) - nodes.begin());
  }

  bool same(ExprId a, ExprId b) const {
    if (!a.valid() || !b.valid()) return a.valid() == b.valid();
    return place(nodes_a_, a) == place(nodes_b_, b);
  }

  bool same(const std::vector<Subscript>& a, const std::vector<Subscript>& b) const {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](const Subscript& x, const Subscript& y) {
                        return x.affine == y.affine && same(x.data, y.data);
                      });
  }

  bool same(const Expr& a, const Expr& b) const {
    Expr renamed = b;
    renamed.args = a.args;
    renamed.subscripts = a.subscripts;
    renamed.otherwise = a.otherwise;
    return a.same_as(renamed) && same(a.subscripts, b.subscripts) &&
           same(a.otherwise, b.otherwise) &&
           std::equal(a.args.begin(), a.args.end(), b.args.begin(), b.args.end(),
                      [&](ExprId x, ExprId y) { return same(x, y); });
  }

  const Definition& a_;
  const Definition& b_;
  const std::vector<ExprId> nodes_a_;
  const std::vector<ExprId> nodes_b_;
};

bool same(const Definition& a, const Definition& b) {
  auto same_index = [](const Index& x, const Index& y) {
    return x.name == y.name && x.extent == y.extent;
  };
  return a.free_count == b.free_count && a.reduction == b.reduction &&
         a.accumulate == b.accumulate &&
         std::equal(a.indices.begin(), a.indices.end(), b.indices.begin(), b.indices.end(),
                    same_index) &&
         SameNodes(a, b).all();
}

bool same(const Reshape& a, const Reshape& b) { return a.operand == b.operand; }
bool same(const Concat& a, const Concat& b) { return a.operands == b.operands && a.axis == b.axis; }
bool same(const Gradient& a, const Gradient& b) {
  return a.of == b.of && a.by == b.by && a.steps == b.steps;
}
bool same(const Update& a, const Update& b) {
  return a.variable == b.variable && a.value == b.value;
}

bool same(const Op& a, const Op& b) {
  if (a.what.index() != b.what.index() || a.results != b.results || a.scan != b.scan) return false;
  return std::visit(
      [&](const auto& what) { return same(what, std::get<std::decay_t<decltype(what)>>(b.what)); },
      a.what);
}

}  // namespace

bool same_operations(const Graph& a, const Graph& b) {
  return a.values.size() == b.values.size() &&
         std::equal(a.ops.begin(), a.ops.end(), b.ops.begin(), b.ops.end(),
                    [](const Op& x, const Op& y) { return same(x, y); }) &&
         std::equal(a.results.begin(), a.results.end(), b.results.begin(), b.results.end(),
                    [](const GraphResult& x, const GraphResult& y) { return x.value == y.value; });
}

}  // namespace netc
