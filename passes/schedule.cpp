// 1. Every value gets a buffer or is a view of one (`storage`).
// 2. Every group becomes a nest (`nest`), its accesses linear offsets (`access`).
// 3. The plan of its loops is the cheapest one (`tiling`), and is written out (`emit_nest`).
// 4. Kernels with equal text are one, whatever tensors they work on.
//
// The kernels of a scan compute one step each; which one, they read from its counter.
#include "passes/schedule.h"

#include <algorithm>
#include <map>
#include <set>

#include "ir/loops/text.h"
#include "ir/support/check.h"
#include "passes/emit_nest.h"
#include "passes/plan_remarks.h"
#include "passes/storage.h"

namespace netc {

using loops::BufferId;
using loops::RegisterId;

namespace {

constexpr double least_split = 1e7;  ///< terms of a sum that may be two kernels

/// The kernels of a program, each text once.
class KernelPool {
 public:
  explicit KernelPool(loops::Program& program) : program_(program) {}

  loops::KernelId add(loops::Kernel kernel) {
    kernel.name = "k";
    auto [found, is_new] = by_text_.emplace(
        loops::print(kernel), loops::KernelId{static_cast<uint32_t>(program_.kernels.size())});
    if (is_new) {
      kernel.name = fmt::format("k{}", program_.kernels.size() + 1);
      program_.kernels.push_back(std::move(kernel));
    }
    return found->second;
  }

 private:
  loops::Program& program_;
  std::map<std::string, loops::KernelId> by_text_;
};

class Scheduler {
 public:
  Scheduler(const Graph& graph, const Target& target, KernelPool& kernels, Remarks* remarks)
      : graph_(graph),
        target_(target),
        kernels_(kernels),
        remarks_(remarks),
        groups_(groups_of(graph)) {}

  loops::Step run() {
    step_.model = graph_.model;
    step_.entry = graph_.entry;
    step_.capacity = graph_.capacity;
    storage_ = place(graph_, groups_, step_);
    for (const Transfer& transfer : storage_.before) add_transfer(transfer, {});
    for (const std::vector<OpId>& group : groups_) {
      enter(scans_of(graph_, graph_[group[0]]));
      add_group(group);
    }
    enter({});
    for (const Transfer& transfer : storage_.saved) add_transfer(transfer, {});
    for (const auto& [saved, transfer] : storage_.after) add_transfer(transfer, saved);
    drop_empty_repeats();
    drop_unused_buffers();
    return std::move(step_);
  }

 private:
  /// Ends and begins repeats, so that those of these scans are open.
  void enter(const std::vector<ScanId>& scans) {
    size_t common = 0;
    while (common < scans_.size() && common < scans.size() && scans_[common] == scans[common])
      ++common;
    for (; scans_.size() > common; scans_.pop_back()) {
      size_t k = repeat_of_.at(scans_.back());
      loops::Repeat& repeat = step_.repeats[k];
      repeat.count = static_cast<uint32_t>(step_.phases.size()) - repeat.first;
    }
    for (; scans_.size() < scans.size(); scans_.push_back(scans[scans_.size()])) {
      const Scan& scan = graph_.scans[scans[scans_.size()].index];
      repeat_of_[scans[scans_.size()]] = step_.repeats.size();
      step_.repeats.push_back({static_cast<uint32_t>(step_.phases.size()), 0,
                               scan.index.extent.factor, scan.reversed, add_counter(scan)});
    }
  }

  BufferId add_counter(const Scan& scan) { return add_buffer(scan.index.name, {DType::i64, {}}); }

  /// A buffer in the arena, of this name or of one with a number.
  BufferId add_buffer(const std::string& wish, TensorType type) {
    auto is_taken = [&](const std::string& name) {
      return std::any_of(step_.buffers.begin(), step_.buffers.end(), [&](const auto& buffer) {
        return buffer.place != loops::Place::variable && buffer.name == name;
      });
    };
    std::string name = wish;
    for (int copy = 2; is_taken(name); ++copy) name = fmt::format("{}.{}", wish, copy);
    step_.buffers.push_back({name, std::move(type), loops::Place::arena, 0, -1});
    return BufferId{static_cast<uint32_t>(step_.buffers.size() - 1)};
  }

  void add_group(const std::vector<OpId>& group) {
    const Op& first = graph_[group[0]];
    if (std::holds_alternative<Reshape>(first.what)) return;
    if (auto* concat = std::get_if<Concat>(&first.what))
      return add_concat(*concat, first.results[0]);
    NETC_CHECK(std::holds_alternative<Definition>(first.what), "gradients are to be taken before");

    Nest nest = make_nest(graph_, group, storage_.needed);
    if (nest.stores.empty()) return;
    std::vector<Nest> nests;
    for (Store& store : nest.stores) {
      store.buffer = storage_.of(store.value);
      if (!store.accumulate) continue;
      nests.push_back(make_zeros(store.type));
      nests.back().stores[0].buffer = store.buffer;
    }
    if (may_split(nest)) {
      nest.splits = true;
      bool in_parts = make_plan(graph_, access(graph_, nest), target_).part > 0;
      if (in_parts && !stores_sum_alone(nest)) return add_split(nest);
      nest.splits = in_parts;
    }
    nests.push_back(std::move(nest));
    add_kernel(std::move(nests), {});
    step_.phases.back().calls[0].ops = group;
  }

  /// Whether a nest is one sum of products, large enough to be worth two kernels.
  bool may_split(const Nest& nest) const {
    if (nest.stages.size() != 1 || !scans_.empty()) return false;
    const Stage& stage = nest.stages[0];
    const TensorType& type = graph_[stage.value].type;
    if (stage.reduction != Reduction::sum || !is_float(type.dtype)) return false;
    if (nest.stores[0].accumulate || type.rank() != nest.free_count) return false;
    double terms = 1;
    for (IndexId index : stage.reduced)
      terms *= static_cast<double>(nest.indices[index.index].extent.at(graph_.capacity));
    for (uint32_t d = 0; d < nest.free_count; ++d) {
      if (!(type.dims[d] == nest.indices[d].extent)) return false;
      terms *= static_cast<double>(type.dims[d].at(graph_.capacity));
    }
    return nest.free_count > 0 && terms >= least_split;
  }

  /// Whether the sum itself is all that is stored: its parts then add up where it belongs.
  bool stores_sum_alone(const Nest& nest) const {
    const Store& store = nest.stores[0];
    const Expr& value = nest.dag[store.expr];
    return nest.stores.size() == 1 && value.kind == ExprKind::read &&
           value.tensor == nest.stages[0].value && is_identity(store.target, nest.free_count);
  }

  /// First the sum, in parts, into memory; then what is made of it.
  void add_split(const Nest& nest) {
    const Stage& stage = nest.stages[0];
    ExprId sum_read;
    for (uint32_t i = 0; i < nest.dag.size(); ++i)
      if (nest.dag[ExprId{i}].kind == ExprKind::read && nest.dag[ExprId{i}].tensor == stage.value)
        sum_read = ExprId{i};
    NETC_CHECK(sum_read.valid(), "a sum that nothing reads");
    const TensorType& type = graph_[stage.value].type;
    BufferId sum_buffer = add_buffer(graph_[stage.value].name + ".sum", type);

    Nest sum = nest;
    sum.stores = {{stage.value, sum_read, nest.dag[sum_read].subscripts, type, sum_buffer, false}};
    std::vector<Nest> nests;
    nests.push_back(std::move(sum));
    add_kernel(std::move(nests), {});

    Nest rest = nest;
    rest.splits = false;
    rest.stages.clear();
    rest.indices.resize(nest.free_count);
    sums_[stage.value] = sum_buffer;
    nests.clear();
    nests.push_back(std::move(rest));
    add_kernel(std::move(nests), {});
    sums_.erase(stage.value);
  }

  /// The operands one after the other in the result's memory.
  void add_concat(const Concat& concat, ValueId result) {
    if (!storage_.needed[result.index]) return;
    const TensorType& type = graph_[result].type;
    std::vector<Nest> nests;
    Affine offset;
    for (ValueId operand : concat.operands) {
      nests.push_back(make_copy(graph_, operand, type, concat.axis, offset));
      nests.back().stores[0].buffer = storage_.of(result);
      Dim size = graph_[operand].type.dims[concat.axis];
      (size.batch ? offset.batch : offset.constant) += size.factor;
    }
    add_kernel(std::move(nests), {});
  }

  void add_transfer(const Transfer& transfer, BufferId saved) {
    const TensorType& type = graph_[transfer.from].type;
    Nest nest = make_copy(graph_, transfer.from, type, 0, {});
    nest.stores[0].buffer = transfer.to;
    std::vector<Nest> nests;
    nests.push_back(std::move(nest));
    add_kernel(std::move(nests), saved);
  }

  /// One kernel that runs these nests in order. Reads come from the values' buffers, or from
  /// `source`, where it is given.
  void add_kernel(std::vector<Nest> nests, BufferId source) {
    std::vector<AccessedNest> accessed;
    for (Nest& nest : nests) nest.steps = static_cast<uint32_t>(scans_.size());
    for (Nest& nest : nests) accessed.push_back(access(graph_, std::move(nest)));
    auto buffer_of = [&](ValueId value) {
      if (auto sum = sums_.find(value); sum != sums_.end()) return sum->second;
      return source ? source : storage_.of(value);
    };

    // Parameters in the order of first use, so that equal kernels have equal text.
    loops::Call call;
    std::set<BufferId> written;
    auto use = [&](BufferId buffer) {
      NETC_CHECK(buffer.valid(), "a tensor of a kernel has no memory");
      for (BufferId known : call.arguments)
        if (known == buffer) return;
      call.arguments.push_back(buffer);
    };
    for (const AccessedNest& nest : accessed) {
      for (const auto& [id, read] : nest.reads) use(buffer_of(nest.nest.dag[id].tensor));
      for (const Store& store : nest.nest.stores) {
        use(store.buffer);
        written.insert(store.buffer);
      }
    }
    std::vector<BufferId> counters;
    for (ScanId scan : scans_) counters.push_back(step_.repeats[repeat_of_.at(scan)].counter);
    for (BufferId counter : counters) use(counter);

    loops::Builder builder("k");
    std::map<BufferId, RegisterId> pointers;
    for (BufferId buffer : call.arguments)
      pointers[buffer] =
          builder.parameter(step_.buffers[buffer.index].type.dtype, written.count(buffer) > 0,
                            fmt::format("a{}", pointers.size()));
    std::vector<RegisterId> steps;
    for (BufferId counter : counters)
      steps.push_back(builder.load(pointers.at(counter), builder.integer(0), 1));
    PointerOf pointer_of = [&](ValueId value) { return pointers.at(buffer_of(value)); };
    PointerOfBuffer pointer_of_buffer = [&](BufferId buffer) { return pointers.at(buffer); };
    for (const AccessedNest& nest : accessed) {
      Plan plan = make_plan(graph_, nest, target_);
      if (accessed.size() > 1) plan.parallel = false;
      if (plan.parallel) call.tasks = plan.tasks;
      if (remarks_) remark_on_plan(graph_, nest, plan, target_, *remarks_);
      emit_nest(graph_, nest, plan, steps, builder, pointer_of, pointer_of_buffer);
    }
    call.kernel = kernels_.add(builder.take());
    step_.phases.push_back({{std::move(call)}});
  }

  /// Repeats of nothing, as of views.
  void drop_empty_repeats() {
    std::erase_if(step_.repeats, [](const loops::Repeat& repeat) { return repeat.count == 0; });
  }

  /// Numbers the buffers anew without those that no call uses.
  void drop_unused_buffers() {
    std::vector<bool> used(step_.buffers.size());
    for (const loops::Repeat& repeat : step_.repeats) used[repeat.counter.index] = true;
    for (const loops::Phase& phase : step_.phases)
      for (const loops::Call& call : phase.calls)
        for (BufferId buffer : call.arguments) used[buffer.index] = true;
    std::vector<loops::Buffer> kept;
    std::vector<BufferId> renumbered(used.size());
    for (size_t b = 0; b < used.size(); ++b) {
      if (!used[b]) continue;
      renumbered[b] = BufferId{static_cast<uint32_t>(kept.size())};
      kept.push_back(std::move(step_.buffers[b]));
    }
    step_.buffers = std::move(kept);
    for (loops::Phase& phase : step_.phases)
      for (loops::Call& call : phase.calls)
        for (BufferId& buffer : call.arguments) buffer = renumbered[buffer.index];
    for (loops::Repeat& repeat : step_.repeats) repeat.counter = renumbered[repeat.counter.index];
  }

  const Graph& graph_;
  const Target& target_;
  KernelPool& kernels_;
  Remarks* remarks_;
  std::vector<std::vector<OpId>> groups_;
  loops::Step step_;
  Storage storage_;
  std::map<ValueId, BufferId> sums_;    ///< where a sum lies that its kernel's nest reads
  std::vector<ScanId> scans_;           ///< those that are open
  std::map<ScanId, size_t> repeat_of_;  ///< by scan: position in the step's repeats
};

}  // namespace

loops::Program schedule(const std::vector<Graph>& graphs, const Target& target, Remarks* remarks) {
  loops::Program program;
  KernelPool kernels(program);
  for (const Graph& graph : graphs)
    program.steps.push_back(Scheduler(graph, target, kernels, remarks).run());
  return program;
}

}  // namespace netc
