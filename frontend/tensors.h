// The tensors of the graph that is being made: elements become definitions, and what is known of
// the values of integers is kept so that data may serve as subscripts.
//
// In the scratch DAG an axis of a whole tensor is an index that counts from the last axis (so that
// broadcasting aligns by itself); the indices of index notation have ids from `first_variable` on.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "frontend/operand.h"
#include "ir/graph.h"

namespace netc::elaboration {

/// constant + batch * N.
struct Linear {
  double constant = 0;
  double batch = 0;
  bool never_negative() const { return batch >= 0 && constant + batch >= 0; }
};

/// Smallest and largest value of an expression, the latter for a batch of N rows: high + batch * N.
struct ValueRange {
  double low = 0;
  double high = 0;
  double batch = 0;

  friend bool operator==(const ValueRange&, const ValueRange&) = default;
};

/// The range of what lies in one or the other, if that can be told.
std::optional<ValueRange> joined(const std::optional<ValueRange>& a,
                                 const std::optional<ValueRange>& b);

class Tensors {
 public:
  explicit Tensors(Graph& graph) : graph_(&graph), build_(scratch_) {}

  static constexpr size_t max_rank = 16;
  static constexpr uint32_t first_variable = 64;

  Graph& graph() { return *graph_; }
  ExprBuilder& build() { return build_; }
  const Expr& node(ExprId id) const { return scratch_[id]; }

  /// The whole of a value.
  Element of(ValueId value);
  /// The value, where the element is the whole of one.
  std::optional<ValueId> whole(const Element& element);
  /// The index of an axis of a tensor of this rank.
  static IndexId axis(size_t position, size_t rank) {
    return IndexId{static_cast<uint32_t>(rank - 1 - position)};
  }

  IndexId new_variable(std::string name, Dim extent);
  Dim extent(IndexId variable) const { return variables_[variable.index - first_variable].extent; }
  /// The indices of index notation that an expression depends on, in the order of their making.
  std::vector<IndexId> variables(ExprId root) const;

  // Scans (tensors_scan.cpp). A value that is made in a scan and depends on its step is stacked:
  // its type leads with the axes of the scans, which its element does not show.

  /// Enters a scan; what is made until it ends may depend on the index.
  IndexId enter_scan(std::string name, int64_t extent);
  /// A value of the scan at this depth whose definition comes when that scan ends.
  Element promise(TensorType type, size_t depth, const std::string& name, SourceRange range);
  /// Defines what was promised: `value` of the step before, and `initial` in the first one.
  void fulfil(const Element& promised, ValueId value, const Element& initial, SourceRange range);
  /// The element as a value that is stacked along the innermost scan, even if it is always the
  /// same.
  ValueId stacked(const Element& element, const std::string& name, SourceRange range);
  /// The gradient of a scalar by a tensor of the same step; nothing if `by` is of no step, and `of`
  /// of one.
  std::optional<Element> gradient(ValueId of, ValueId by, const std::string& name,
                                  SourceRange range);
  /// Leaves the innermost scan: puts its operations in order, and out of it what it does not need.
  void leave_scan();
  /// A value stacked along a scan that was left, its steps along `position`, or one step of it.
  Element steps(ValueId value, size_t position);
  Element step(ValueId value, int64_t step);
  bool in_scan() const { return !scans_.empty(); }
  /// Whether the expression depends on what an open scan carries from step to step.
  bool runs_in_steps(ExprId root) const;
  /// The indices of the scans around, from the outermost in.
  std::vector<IndexId> scan_indices() const;

  /// Makes a definition of the element, unless it is a whole value already, and returns the
  /// element that reads it.
  Element define(const Element& element, const std::string& name, SourceRange range);
  /// Makes a definition over these indices, all that the element depends on.
  ValueId define_over(const std::vector<IndexId>& indices, const Element& element,
                      const std::string& name, SourceRange range);
  Element reshape(ValueId value, std::vector<Dim> dims, const std::string& name, SourceRange range);
  Element concat(const std::vector<ValueId>& values, uint32_t axis, TensorType type,
                 const std::string& name, SourceRange range);

  /// Whether computing the expression again is more than a read or a conversion.
  bool costly(ExprId root) const;
  bool computes(ExprId root) const { return scratch_[root].kind == ExprKind::apply; }
  /// The expression with indices replaced.
  ExprId substitute(ExprId root, const std::map<IndexId, Affine>& by);
  /// Another name for a value, made unique.
  void rename(ValueId value, const std::string& name);

  /// What is known of the value of an integer expression whose whole-tensor axes have these sizes.
  std::optional<ValueRange> range(ExprId root, const std::vector<Dim>& dims) const;
  /// Narrows the integer input that the expression is an element of to [low, high); false if the
  /// expression is nothing of that kind.
  bool check_input(ExprId root, int64_t low, int64_t high);

 private:
  struct Variable {
    std::string name;
    Dim extent;
  };
  struct OpenScan {
    IndexId index;
    ScanId scan;
    size_t first_op;
  };
  bool is_scan_index(IndexId id) const;
  /// The definition with the indices of so many scans in front.
  ValueId define_at(size_t depth, const std::vector<IndexId>& indices, const Element& element,
                    const std::string& name, SourceRange range);
  Definition definition_at(size_t depth, const std::vector<IndexId>& indices,
                           const Element& element);
  /// The scans that values and expressions depend on, as a count of the open ones from outside.
  size_t scan_depth(ExprId root) const;
  size_t scan_depth(const Element& element) const;
  /// The leading axes of a value that an element of it does not show.
  std::vector<IndexId> leading(ValueId value) const;
  ValueId add_op(decltype(Op::what) what, TensorType type, size_t depth, const std::string& name,
                 SourceRange range);
  /// The value with the leading axes of this many scans.
  ValueId with_depth(ValueId value, size_t depth);
  std::vector<Dim> stacked_dims(size_t depth, const std::vector<Dim>& dims) const;
  ExprId copy(ExprId root, const std::map<IndexId, Affine>& by, ExprBuilder& to);
  std::vector<ExprId> nodes_below(ExprId root) const;
  void learn(ValueId value, const Element& element);
  std::optional<ValueId> input_of(ExprId root) const;
  std::optional<ValueRange> range_of_node(const Expr& expr, const std::vector<Dim>& dims,
                                          const std::map<ExprId, ValueRange>& known) const;

  Graph* graph_;
  std::vector<OpenScan> scans_;                      ///< from the outermost in
  std::map<ValueId, std::vector<IndexId>> leading_;  ///< of stacked values
  ExprDag scratch_;
  ExprBuilder build_;
  std::vector<Variable> variables_;
  std::map<ValueId, ValueRange> ranges_;  ///< of definitions, where something is known
  std::map<ValueId, ValueId> inputs_;     ///< the integer input whose elements a value holds
};

}  // namespace netc::elaboration
