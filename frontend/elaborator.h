// The elaborator: gives every statement and expression its meaning in the graph that is being
// made. One object elaborates one graph; each group of members below has a source file of its own.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "frontend/ast.h"
#include "frontend/frontend.h"
#include "frontend/program.h"
#include "frontend/scope.h"
#include "frontend/tensors.h"
#include "ir/support/check.h"
#include "ir/support/diagnostics.h"

namespace netc::elaboration {

/// What all graphs of a program share.
struct Context {
  Program& program;
  const FrontendOptions& options;
  Diagnostics& diagnostics;
};

/// What a model's body gave besides definitions.
struct ModelResults {
  struct Named {
    ast::Name name;
    ValueId value;
  };
  std::vector<ValueId> losses;
  bool loss_reported = false;  ///< there is a loss, and what is wrong with it was told
  std::vector<Named> outputs;
  std::vector<Named> metrics;
};

/// An operand and where it stands.
struct Placed {
  Operand operand;
  SourceRange range;
};

/// A binary operator and its sides.
struct Operation {
  SourceRange range;
  SourceRange op_range;
  Placed left;
  Placed right;
};

/// Sets a variable for as long as a scope lasts.
template <typename T>
class Restore {
 public:
  Restore(T& place, std::type_identity_t<T> value)
      : place_(&place), before_(std::exchange(place, std::move(value))) {}
  ~Restore() { *place_ = std::move(before_); }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  T* place_;
  T before_;
};

/// What the value of an expression will be called, and what its parts are called after.
struct Naming {
  std::string name;
  std::string root;

  Naming() = default;
  explicit Naming(std::string both) : name(both), root(std::move(both)) {}
};

netc::Function function_of(ast::BinaryOp op);
/// The shape of two operands of element-wise arithmetic, as in NumPy.
std::optional<std::vector<Dim>> broadcast(const std::vector<Dim>& a, const std::vector<Dim>& b);

class Elaborator {
 public:
  Elaborator(const Context& context, Graph& graph, bool training);

  // ---- elaborate_model.cpp: whole models
  ModelResults model(const ast::Model& model, const SourceFile& file);
  /// The sum of the losses, if there is one.
  std::optional<ValueId> total_loss(const ModelResults& results, SourceRange range);
  /// All parameters, in the order of their making.
  const std::vector<ValueId>& parameters() const { return parameters_; }
  /// Appends the gradients of a scalar.
  std::vector<ValueId> gradients(ValueId of, const std::vector<ValueId>& by);

  // ---- elaborate_layer.cpp
  /// Appends the updates of the states, in the order in which they were declared.
  void commit_states();

  // ---- elaborate_constant.cpp: values of the compiler's own
  Operand constant_value(Constant& constant, SourceRange use);
  /// The value of an expression outside of all models, such as a setting of a train block.
  Operand file_level(const ast::Expr& expr, Frame& frame);

  // ---- elaborate_optimizer.cpp
  /// The update of one parameter.
  struct Step {
    Element value;
    Element gradient;
    std::string parameter;
    std::string prefix;  ///< of the names of the optimizer's variables
  };
  /// What the arguments of an `optimizer` line are at run time; floats become settings.
  std::optional<std::map<std::string, Operand>> optimizer_arguments(const Callable& optimizer,
                                                                    const ast::Expr& use,
                                                                    const std::string& prefix,
                                                                    Frame& outer);
  /// The new value of one parameter; makes the optimizer's own variables.
  std::optional<ValueId> optimizer_step(const Callable& optimizer, SourceRange use,
                                        const std::map<std::string, Operand>& arguments,
                                        const Step& step);
  void commit_optimizer_states();
  /// The number of the training step, from 1.
  Element step_number();

  Tensors& tensors() { return tensors_; }

  template <typename... Args>
  Diagnostic& error(Code code, SourceRange range, fmt::format_string<Args...> text,
                    Args&&... args) {
    return error_at(code, range, fmt::format(text, std::forward<Args>(args)...));
  }

 private:
  /// Counts what stands within another, so that no program exhausts the stack.
  class Nested {
   public:
    Nested(Elaborator& elaborator, SourceRange range);
    ~Nested() { --elaborator_.depth_; }
    Nested(const Nested&) = delete;

   private:
    Elaborator& elaborator_;
  };
  struct CallSite {
    const Callable* function;
    SourceRange range;
  };
  /// Enters a frame for as long as a scope lasts.
  class InFrame {
   public:
    InFrame(Elaborator& elaborator, Frame& frame) : elaborator_(elaborator) {
      elaborator_.frames_.push_back(&frame);
    }
    ~InFrame() { elaborator_.frames_.pop_back(); }
    InFrame(const InFrame&) = delete;

   private:
    Elaborator& elaborator_;
  };
  /// Enters a call.
  class InCall {
   public:
    InCall(Elaborator& elaborator, CallSite site, Frame& frame)
        : elaborator_(elaborator), in_frame_(elaborator, frame) {
      elaborator_.calls_.push_back(site);
    }
    ~InCall() { elaborator_.calls_.pop_back(); }
    InCall(const InCall&) = delete;

   private:
    Elaborator& elaborator_;
    InFrame in_frame_;
  };

  Frame& frame() { return *frames_.back(); }
  const Frame& frame() const { return *frames_.back(); }
  Graph& graph() { return tensors_.graph(); }
  ExprBuilder& build() { return tensors_.build(); }
  Diagnostic& error_at(Code code, SourceRange range, std::string message);

  // ---- elaborate_model.cpp
  void bind_batch(const ast::Type& type);
  std::optional<ValueId> result_value(const ast::Expr& expr, const std::string& wanted,
                                      SourceRange range);
  void add_result(std::vector<ModelResults::Named>& results, const ast::Name& name,
                  std::optional<ValueId> value, std::string_view kind);

  // ---- elaborate_statement.cpp
  void run(const ast::Block& block);
  void run_statements(const ast::Block& block);
  void run(const ast::Const& constant, const ast::Stmt& stmt);
  void run(const ast::Bind& statement, const ast::Stmt& stmt);
  void run(const ast::Define& define, const ast::Stmt& stmt);
  void run(const ast::Update& update, const ast::Stmt& stmt);
  void run(const ast::Param& param, const ast::Stmt& stmt);
  void run(const ast::State& state, const ast::Stmt& stmt);
  void run(const ast::Let& let, const ast::Stmt& stmt);
  void run(const ast::For& loop, const ast::Stmt& stmt);
  void run(const ast::If& statement, const ast::Stmt& stmt);
  void run(const ast::Require& require, const ast::Stmt& stmt);
  void run(const ast::Return& statement, const ast::Stmt& stmt);
  void run(const ast::Yield& yield, const ast::Stmt& stmt);
  void run(const ast::ScanStatement& statement, const ast::Stmt& stmt);
  void run(const ast::Input& input, const ast::Stmt& stmt);
  void run(const ast::Output& output, const ast::Stmt& stmt);
  void run(const ast::Loss& loss, const ast::Stmt& stmt);
  void run(const ast::Metric& metric, const ast::Stmt& stmt);
  Binding* bind(const ast::Name& name, Operand operand,
                Binding::Kind kind = Binding::Kind::variable);
  /// A value ready to be bound: a tensor becomes a definition of this name.
  Operand finished(Operand value, const std::string& wanted, SourceRange range,
                   size_t known_values);
  std::string qualified(std::string_view name) const;
  std::optional<bool> condition(const ast::Expr& expr);
  void update_variable(Binding& binding, const Placed& value, const ast::Name& name);

  // ---- elaborate_expression.cpp
  Operand evaluate(const ast::Expr& expr);
  Operand on(const ast::Number& number, const ast::Expr& expr);
  Operand on(const ast::String& string, const ast::Expr& expr);
  Operand on(const ast::Boolean& boolean, const ast::Expr& expr);
  Operand on(const ast::NameRef& name, const ast::Expr& expr);
  Operand on(const ast::Rest& rest, const ast::Expr& expr);
  Operand on(const ast::List& list, const ast::Expr& expr);
  Operand on(const ast::Unary& unary, const ast::Expr& expr);
  Operand on(const ast::Binary& binary, const ast::Expr& expr);
  Operand on(const ast::Conditional& conditional, const ast::Expr& expr);
  Operand on(const ast::Range& range, const ast::Expr& expr);
  Operand on(const ast::Call& call, const ast::Expr& expr);
  Operand on(const ast::Index& index, const ast::Expr& expr);
  Operand on(const ast::Field& field, const ast::Expr& expr);
  Operand on(const ast::Otherwise& otherwise, const ast::Expr& expr);
  Operand on(const ast::Reduction& reduction, const ast::Expr& expr);
  Operand on(const ast::Scan& scan, const ast::Expr& expr);
  std::vector<std::string> names_in_sight() const;
  std::optional<IndexId> find_index(std::string_view name) const;
  Operand read_binding(const Binding& binding);

  // ---- elaborate_scan.cpp
  struct Carried;
  struct ScanFrame;
  struct Sequence {
    Element whole;
    size_t axis;
    int64_t length;
  };
  std::optional<std::vector<Sequence>> sequences(const ast::Scan& scan);
  Element at_step(const Sequence& sequence, IndexId index);
  void carry(ScanFrame& scan, Binding* binding, StateVariable* state, const std::string& name,
             SourceRange range);
  /// The value of a state, which a scan around carries from here on.
  Element& current_state(StateVariable& state);
  std::optional<ValueId> last_value(const Carried& carried);
  void poison_updated(const std::set<std::string, std::less<>>& names);
  /// What the scan yields, if it does.
  std::optional<Operand> run_scan(const ast::Scan& scan, const ast::Expr& expr);
  std::optional<Operand> finish_scan(ScanFrame& scan, const Sequence& along);

  // ---- elaborate_fold.cpp
  Operand fold(ast::BinaryOp op, const Operation& operation);
  Operand fold_whole(ast::BinaryOp op, const Whole& a, const Whole& b, const Operation& operation);
  Operand fold_real(ast::BinaryOp op, double a, double b);
  Operand fold_function(netc::Function function, const std::vector<Placed>& operands,
                        SourceRange range);
  Operand overflow(SourceRange range);
  /// A number in float arithmetic; an int quotient that was rounded down is reported.
  std::optional<double> to_real(const Placed& placed);

  // ---- elaborate_arithmetic.cpp
  /// A name for something that the program does not name.
  std::string intermediate(std::string_view what) const;
  Naming argument_naming(std::string_view parameter) const;
  /// The element without a pending reduction.
  Element settled(const Element& element, SourceRange range);
  Element converted(const Element& element, DType type, SourceRange range);
  std::optional<Element> number_as(const Placed& placed, DType type);
  /// A tensor or number as an element; what adapts takes the float type.
  std::optional<Element> as_element(const Placed& placed, SourceRange range);
  std::optional<DType> common_type(const std::vector<Placed>& operands, bool comparison);
  void report_types(const Placed& a, DType a_type, const Placed& b, DType b_type);
  /// The operands in one element type.
  std::optional<std::vector<Element>> unify(const std::vector<Placed>& operands, bool comparison);
  std::optional<std::vector<Dim>> joined_dims(const std::vector<Placed>& operands,
                                              std::vector<Element>& elements);
  Operand combine(netc::Function function, const std::vector<Placed>& operands,
                  std::vector<Element> elements);
  Operand apply(netc::Function function, const std::vector<Placed>& operands, SourceRange range);
  Operand arithmetic(ast::BinaryOp op, const Operation& operation);
  std::optional<Operand> size_arithmetic(ast::BinaryOp op, const Operation& operation);
  /// `base + sum[...]`, which is one definition; nothing if it is not that.
  std::optional<Operand> add_to_sum(const Operation& operation);
  Operand select(const Placed& condition, const Placed& then_value, const Placed& else_value);

  // ---- elaborate_constant.cpp
  std::optional<int64_t> integer(const ast::Expr& expr, std::string_view what);
  std::optional<Dim> dimension(const ast::Expr& expr);
  bool check_size(const TensorType& type, SourceRange range);
  std::optional<Initializer> initializer(const ast::Expr& expr);

  // ---- elaborate_index.cpp
  struct Sizes;
  struct OpenedIndices {
    IndexScope scope;
    std::vector<IndexId> order;
    /// Without a range. They run over one element until the body is seen: what is wrong with
    /// it may be the cause, and is then told alone.
    std::vector<const ast::IndexBinder*> unknown;
  };
  void collect_sizes(const ast::Expr& expr, bool guarded, Sizes& sizes);
  void collect_read(const ast::Index& index, const ast::Expr& expr, bool guarded, Sizes& sizes);
  void report_count(size_t given, const std::vector<Dim>& dims, SourceRange range);
  std::optional<std::vector<Dim>> dims_of(const ast::Expr& base);
  std::optional<Dim> size_of_index(const ast::IndexBinder& binder, const Sizes& sizes,
                                   OpenedIndices& opened);
  std::optional<std::vector<Dim>> size_of_rest(const ast::IndexBinder& binder, const Sizes& sizes,
                                               OpenedIndices& opened);
  bool ranges_known(const OpenedIndices& opened);
  std::optional<OpenedIndices> open_indices(const std::vector<ast::IndexBinder>& binders,
                                            const ast::Expr& body);
  std::optional<Element> scalar(const Placed& placed);
  Operand reduce(ast::ReductionOp op, Element body, const std::vector<IndexId>& over,
                 SourceRange range);
  ExprId count_of(const std::vector<IndexId>& over, DType type);

  // ---- elaborate_read.cpp
  std::optional<Subscript> subscript(const ast::Expr& expr);
  std::optional<Subscript> unbounded_subscript(const ast::Expr& expr);
  /// The largest magnitude that it may take.
  double reach(const Affine& affine);
  bool within_reach(double reach, SourceRange range);
  bool subscript_of_indices(const ast::Expr& expr) const;
  std::optional<Subscript> not_affine(const ast::Expr& expr, std::string_view what);
  ExprId as_data(const Subscript& value);
  Subscript scaled(const Subscript& value, int64_t times);
  Subscript added(const Subscript& a, const Subscript& b);
  bool inside(const Subscript& subscript, Dim size, bool mark_inputs);
  Operand read(const ast::Index& index, SourceRange range, const ast::Expr* outside);
  std::optional<std::vector<std::pair<Subscript, SourceRange>>> own_subscripts(
      const ast::Index& index, const Element& value, SourceRange range);
  void report_outside(const Element& base, const Subscript& subscript, size_t position,
                      SourceRange range, const ast::Index& index);

  // ---- elaborate_slice.cpp
  struct SliceAxis;
  Operand list_item(const List& list, const ast::Index& index, SourceRange range);
  std::optional<SliceAxis> slice_axis(const ast::Subscript& subscript, Dim size);
  Operand slice(const Element& base, const ast::Index& index, SourceRange range);
  bool gather_inside(const Element& index, Dim size);

  // ---- elaborate_call.cpp
  std::optional<std::vector<const ast::Expr*>> match_arguments(const Callable& function,
                                                               const ast::Call& call,
                                                               SourceRange range,
                                                               bool tensors_only);
  bool check_recursion(const Callable& function, SourceRange range);
  Operand call_function(const Callable& function, const ast::Call& call, SourceRange range,
                        Instance* instance);
  Operand poisoned_call(const Callable& function, const ast::Call& call, Instance* instance);
  Operand run_function(const Callable& function, std::vector<Placed>& arguments, SourceRange range,
                       Instance* instance);

  // ---- elaborate_signature.cpp
  struct DeferredDim {
    const ast::Expr* expr;
    Dim found;
    SourceRange range;
    std::string subject;
    std::string type;
    size_t position;
  };
  struct DimMatch {
    SourceRange range;
    std::string subject;
    std::set<std::string>& bound;
    Scope* scope;
    std::vector<DeferredDim>* deferred;
  };
  static bool is_tensor(const ast::Type& type);
  DType read_type(DType written) const;
  bool accepts(const ast::TypeAlternative& alternative, const Operand& operand) const;
  const ast::TypeAlternative* choose(const ast::Type& type, const Operand& operand) const;
  Operand fitted(const ast::TypeAlternative& alternative, const Placed& placed);
  bool binds(const ast::Expr& dim, const std::set<std::string>& bound) const;
  bool match_dims(const ast::TypeAlternative& alternative, const Element& element,
                  const DimMatch& match);
  bool check_deferred(const std::vector<DeferredDim>& deferred);
  bool bind_arguments(const Callable& function, std::vector<Placed>& arguments);
  /// A parameter without a default that a call or a `let` leaves out.
  void report_missing(const ast::Function& function, const ast::Parameter& parameter,
                      SourceRange range);
  /// An argument of a `let` that names or meets no parameter which a `let` gives.
  void report_not_given(const ast::Function& layer, const ast::Argument& argument);
  void report_argument(const ast::Function& function, const ast::Parameter& parameter,
                       const Placed& argument);
  Operand checked_result(const Callable& function, Frame& inner);

  // ---- elaborate_layer.cpp
  void report_layer_in_function(SourceRange range, std::string_view name);
  bool may_apply_layers(SourceRange range, std::string_view name);
  std::optional<std::string> instance_name(const ast::InstanceName& written);
  Instance* make_instance(const Callable& layer, const ast::InstanceName* as, SourceRange range);
  Instance* find_instance(const ast::Expr& expr, bool report);
  void give_arguments(Instance& instance, const ast::Call& call);
  std::optional<TensorType> variable_type(const ast::Type& type, SourceRange range);
  bool claim_variable(Instance& instance, const ast::Name& name);
  std::optional<ValueId> add_variable(const std::string& full_name, TensorType type,
                                      VariableRole role, Initializer initializer,
                                      SourceRange range);
  bool same_variable(const Instance& instance, ValueId variable, const TensorType& type,
                     const ast::Name& name);

  // ---- elaborate_optimizer.cpp
  Element setting(const std::string& name, double value);
  Operand adjustable(const std::string& name, const Operand& given, SourceRange range);
  void run_optimizer_state(const ast::State& state, const ast::Stmt& stmt);

  // ---- elaborate_builtin.cpp: functions that the compiler knows
  struct Builtin;
  struct Matched {
    std::string_view name;
    SourceRange range;
    std::vector<std::optional<Placed>> arguments;
    const Placed& operator[](size_t slot) const { return *arguments[slot]; }
    bool has(size_t slot) const { return slot < arguments.size() && arguments[slot].has_value(); }
    Placed value_or(size_t slot, Operand otherwise) const {
      return has(slot) ? *arguments[slot] : Placed{std::move(otherwise), range};
    }
  };
  static const std::vector<Builtin>& builtins();
  std::vector<Placed> evaluated(const ast::Call& call, bool& good);
  Operand call_builtin(const ast::NameRef& name, const ast::Call& call, const ast::Expr& expr);
  Operand call_element_function(netc::Function function, const ast::Call& call,
                                const ast::Expr& expr, std::string_view name);
  Operand call_conversion(DType type, const ast::Call& call, const ast::Expr& expr);
  Operand converted_constant(const Placed& operand, DType type);
  Operand call_table(const Builtin& builtin, const ast::Call& call, const ast::Expr& expr);
  Operand call_integer(const Matched& arguments);
  Operand call_grad(const Matched& arguments);

  // ---- elaborate_draw.cpp
  int64_t draw_key();
  ExprId element_number(const std::vector<Dim>& dims);
  /// The random bits of each element, of the number `element`.
  ExprId random_bits(int64_t key, ExprId element);
  /// Bits as a number in [0, 1), or in (0, 1].
  ExprId unit_interval(ExprId bits, DType type, bool with_one);
  Operand call_draw(const Matched& arguments);

  // ---- elaborate_axes.cpp
  std::optional<size_t> axis_number(const Placed& placed, size_t rank);
  Operand reduce_axes(ast::ReductionOp op, const Matched& arguments);
  Operand call_sum(const Matched& arguments);
  Operand call_mean(const Matched& arguments);
  Operand call_max(const Matched& arguments);
  Operand call_min(const Matched& arguments);
  Operand call_prod(const Matched& arguments);
  Operand call_argmax(const Matched& arguments);
  Operand matmul(const Operation& operation);
  void note_origin(Diagnostic& report, const Placed& placed);

  // ---- elaborate_shape.cpp
  std::optional<Element> tensor_argument(const Matched& arguments, size_t slot);
  std::optional<ValueId> value_argument(const Placed& placed, std::string_view callee);
  std::optional<std::vector<Dim>> shape_argument(const Placed& placed, bool one_open);
  Operand reshaped(const Matched& arguments, std::vector<Dim> dims);
  Operand permuted(const Element& x, const std::vector<size_t>& order);
  std::optional<std::vector<Placed>> tensor_list(const Matched& arguments);
  Operand join(const std::vector<Placed>& parts, size_t axis, const Matched& arguments);
  Operand filled(const Placed& shape, const Placed& value);
  Operand call_reshape(const Matched& arguments);
  Operand call_flatten(const Matched& arguments);
  Operand call_transpose(const Matched& arguments);
  Operand call_permute(const Matched& arguments);
  Operand call_concat(const Matched& arguments);
  Operand call_stack(const Matched& arguments);
  Operand call_split(const Matched& arguments);
  Operand call_reverse(const Matched& arguments);
  Operand call_pad(const Matched& arguments);
  Operand call_zeros(const Matched& arguments);
  Operand call_ones(const Matched& arguments);
  Operand call_fill(const Matched& arguments);
  Operand call_one_hot(const Matched& arguments);
  Operand call_iota(const Matched& arguments);

  static constexpr int64_t max_operations = 1'000'000;
  static constexpr int max_depth = 2000;

  Context context_;
  Tensors tensors_;
  bool training_;
  bool in_model_ = false;
  bool stopped_ = false;  ///< a limit was reached
  int depth_ = 0;         ///< of what is being elaborated
  double rounds_ = 1;     ///< of all loops around
  Naming naming_;         ///< of what is being evaluated
  std::string batch_name_;
  std::vector<Frame*> frames_;
  std::vector<CallSite> calls_;
  std::unique_ptr<Instance> root_;
  std::vector<ValueId> parameters_;
  std::vector<StateVariable*> states_;
  std::vector<std::unique_ptr<StateVariable>> optimizer_states_;
  const Step* optimizer_ = nullptr;  ///< while the body of an optimizer is elaborated
  ScanFrame* scan_ = nullptr;        ///< the innermost one around
  std::optional<Element> step_;
  std::optional<Element> seed_;
  std::map<std::string, int> draws_;   ///< how many there are, by the path of their instance
  std::map<ExprId, Element> scalars_;  ///< definitions of run-time scalars, by expression
  ModelResults results_;
};

}  // namespace netc::elaboration
