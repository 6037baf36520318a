// 1. Every value gets a buffer or is a view of one (`storage`).
// 2. Every group becomes a nest (`nest`), its accesses linear offsets (`access`).
// 3. The plan of its loops is the cheapest one (`tiling`), and is written out (`emit_nest`).
// 4. Kernels with equal text are one, whatever tensors they work on (`kernel_pool`).
//
// The kernels of a scan compute one step each; which one, they read from its counter.
#include "passes/schedule.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "ir/support/check.h"
#include "passes/chaining.h"
#include "passes/emit_nest.h"
#include "passes/kernel_pool.h"
#include "passes/plan_cache.h"
#include "passes/plan_remarks.h"
#include "passes/row_blocks.h"
#include "passes/staging.h"
#include "passes/storage.h"
#include "passes/tiling_cost.h"
#include "passes/vanishing.h"

namespace netc {

using loops::BufferId;
using loops::RegisterId;

namespace {

constexpr double least_in_parts = 1e7;  ///< terms of a sum that may be taken in parts

class Scheduler {
 public:
  Scheduler(const Graph& graph, const Target& target, PlanCache& plans, KernelPool& kernels,
            Remarks* remarks)
      : graph_(graph),
        target_(target),
        plans_(plans),
        kernels_(kernels),
        remarks_(remarks),
        groups_(groups_of(graph)),
        vanishing_(graph) {}

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
    write_planned();
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
    if (common < scans_.size() || common < scans.size()) write_planned();
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
    for (Stage& stage : nest.stages) stage.where = vanishing_.conditions(nest, stage);
    std::vector<Nest> nests;
    for (Store& store : nest.stores) {
      store.buffer = storage_.of(store.value);
      const auto piece = storage_.pieces.find(store.value);
      if (piece != storage_.pieces.end()) store_in_whole(graph_, piece->second, nest, store);
      if (!store.accumulate) continue;
      nests.push_back(make_zeros(store.type));
      nests.back().stores[0].buffer = store.buffer;
    }
    if (terms_to_split(nest) >= least_in_parts) {
      nest.splits = nest.packs = true;
      nest.splits = plans_.plan(graph_, access(graph_, nest)).part.values > 0;
      if (nest.splits && !stores_sum_alone(nest)) return add_split(nest, group);
    }
    nests.push_back(std::move(nest));
    add_kernel(std::move(nests), {}, group);
  }

  /// The terms of a nest's sum, where that is all that it reduces, so that it can be a kernel of
  /// its own; else 0.
  double terms_to_split(const Nest& nest) const {
    if (nest.stages.size() != 1 || !scans_.empty()) return 0;
    const Stage& stage = nest.stages[0];
    const TensorType& type = graph_[stage.value].type;
    if (stage.reduction != Reduction::sum || !is_float(type.dtype)) return 0;
    if (nest.stores[0].accumulate || type.rank() != nest.free_count) return 0;
    double terms = 1;
    for (IndexId index : stage.reduced)
      terms *= static_cast<double>(nest.indices[index.index].extent.at(graph_.capacity));
    for (uint32_t d = 0; d < nest.free_count; ++d) {
      if (!(type.dims[d] == nest.indices[d].extent)) return 0;
      terms *= static_cast<double>(type.dims[d].at(graph_.capacity));
    }
    return nest.free_count > 0 ? terms : 0;
  }

  /// Whether the sum itself is all that is stored: its parts then add up where it belongs.
  bool stores_sum_alone(const Nest& nest) const {
    const Store& store = nest.stores[0];
    const Expr& value = nest.dag[store.expr];
    return nest.stores.size() == 1 && value.kind == ExprKind::read &&
           value.tensor == nest.stages[0].value && is_identity(store.target, nest.free_count);
  }

  /// First the sum, in parts, into memory; then what is made of it.
  void add_split(const Nest& nest, const std::vector<OpId>& group) {
    const Stage& stage = nest.stages[0];
    const OpId sum_op = graph_[stage.value].producer;
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
    add_kernel(std::move(nests), {}, {sum_op});

    Nest rest = nest;
    rest.splits = false;
    rest.stages.clear();
    rest.indices.resize(nest.free_count);
    sums_[stage.value] = sum_buffer;
    nests.clear();
    nests.push_back(std::move(rest));
    std::vector<OpId> others;
    std::copy_if(group.begin(), group.end(), std::back_inserter(others),
                 [&](OpId op) { return op != sum_op; });
    add_kernel(std::move(nests), {}, others);
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
      offset = behind(offset, graph_[operand].type.dims[concat.axis]);
    }
    add_kernel(std::move(nests), {}, {});
  }

  void add_transfer(const Transfer& transfer, BufferId saved) {
    const TensorType& type = graph_[transfer.from].type;
    Nest nest = make_copy(graph_, transfer.from, type, 0, {});
    nest.stores[0].buffer = transfer.to;
    std::vector<Nest> nests;
    nests.push_back(std::move(nest));
    add_kernel(std::move(nests), saved, {});
  }

  /// A kernel to be written, and its call.
  struct Draft {
    loops::Builder builder{"k"};
    loops::Call call;
    std::map<BufferId, RegisterId> pointers;
    std::vector<RegisterId> steps;  ///< of the scans around it
    std::set<BufferId> written;     ///< by its nests so far
  };

  /// Parameters in the order of first use, so that equal kernels have equal text.
  Draft draft(const std::vector<BufferId>& used, const std::set<BufferId>& written,
              size_t scans) const {
    Draft result;
    std::vector<BufferId> counters;
    for (size_t k = 0; k < scans; ++k)
      counters.push_back(step_.repeats[repeat_of_.at(scans_[k])].counter);
    auto add = [&](BufferId buffer) {
      NETC_CHECK(buffer.valid(), "a tensor of a kernel has no memory");
      if (result.pointers.count(buffer)) return;
      result.call.arguments.push_back(buffer);
      result.pointers[buffer] = result.builder.parameter(
          step_.buffers[buffer.index].type.dtype, written.count(buffer) > 0,
          fmt::format("a{}", result.pointers.size()));
    };
    for (BufferId buffer : used) add(buffer);
    for (BufferId buffer : counters) add(buffer);
    for (BufferId counter : counters)
      result.steps.push_back(
          result.builder.load(result.pointers.at(counter), result.builder.integer(0), 1));
    return result;
  }

  /// One kernel, for the work of these ops, that runs these nests in order. Reads come from the
  /// values' buffers, or from `source`, where it is given.
  void add_kernel(std::vector<Nest> nests, BufferId source, const std::vector<OpId>& ops) {
    std::vector<PlannedNest> planned;
    bool alone = nests.size() == 1;
    for (Nest& nest : nests) {
      nest.steps = static_cast<uint32_t>(scans_.size());
      nest.packs = alone && !nest.stages.empty();
      AccessedNest accessed = access(graph_, std::move(nest));
      Plan plan = plans_.plan(graph_, accessed);
      if (!alone) plan.parallel = false;
      std::map<ExprId, BufferId> sources;
      for (const auto& [id, read] : accessed.reads) {
        ValueId value = accessed.nest.dag[id].tensor;
        auto sum = sums_.find(value);
        sources[id] = sum != sums_.end() ? sum->second : source ? source : storage_.of(value);
      }
      planned.push_back({std::move(accessed), std::move(plan), std::move(sources)});
    }
    planned_.push_back({std::move(planned), ops});
  }

  /// Writes the kernels that have been added since the last time.
  void write_planned() {
    std::vector<PlannedKernel> planned = std::move(planned_);
    planned_.clear();
    for (PlannedKernel& kernel : chained(graph_, std::move(planned)))
      add_call(kernel.nests, kernel.ops);
  }

  void add_call(std::vector<PlannedNest>& chain, const std::vector<OpId>& ops) {
    std::vector<BufferId> used;
    std::set<BufferId> written;
    for (PlannedNest& planned : chain) {
      std::map<ExprId, BufferId> sources = planned.sources;
      for (const StagedRead& staged : planned.plan.staged)
        if (staged.packed)
          planned.packed[staged.read] = sources[staged.read] =
              pack(planned.nest, planned.plan, staged);
      for (const auto& [read, buffer] : sources) used.push_back(buffer);
      for (const Store& store : planned.nest.nest.stores) {
        used.push_back(store.buffer);
        written.insert(store.buffer);
      }
    }
    Draft kernel = draft(used, written, scans_.size());
    const bool together = std::any_of(chain.begin(), chain.end(), [](const PlannedNest& planned) {
      return planned.plan.parallel && planned.plan.runs_together;
    });
    for (PlannedNest& planned : chain) {
      planned.plan.runs_together |= together;
      if (planned.plan.parallel) kernel.call.tasks = planned.plan.tasks;
      if (remarks_) remark_on_plan(graph_, planned.nest, planned.plan, target_, *remarks_);
    }
    std::string key;
    if (scans_.empty()) key = kernel_key(graph_, chain, kernel.call.arguments, step_.buffers);
    std::optional<loops::KernelId> known = kernels_.find(key);
    if (!known) write(chain, kernel);
    kernel.call.kernel = known ? *known : kernels_.add(kernel.builder.take(), key);
    kernel.call.ops = ops;
    step_.phases.push_back({{std::move(kernel.call)}});
  }

  void write(const std::vector<PlannedNest>& chain, Draft& kernel) const {
    for (size_t k = 0; k < chain.size();) {
      const RowBlock block = row_block(graph_, chain, k, target_);
      if (block.rows == 0) {
        write(chain[k++], kernel);
        continue;
      }
      write_block(chain, k, block, kernel);
      k += block.nests;
    }
  }

  /// Nests that run together over some rows of a task, then over the next ones.
  void write_block(const std::vector<PlannedNest>& chain, size_t first, const RowBlock& block,
                   Draft& kernel) const {
    loops::Builder& b = kernel.builder;
    const Plan& plan = chain[first].plan;
    const TaskRows all = task_range(b, plan, BatchCount::of(plan.tasks.extent).emit(b));
    b.loop(
        all.first, all.second, block.rows, {},
        [&](RegisterId begin, const std::vector<RegisterId>&) -> std::vector<RegisterId> {
          const TaskRows rows = {begin, b.min(b.add(begin, b.integer(block.rows)), all.second)};
          for (size_t k = first; k < first + block.nests; ++k) write(chain[k], kernel, rows);
          return {};
        },
        false, "rows");
  }

  void write(const PlannedNest& planned, Draft& kernel, std::optional<TaskRows> rows = {}) const {
    const AccessedNest& nest = planned.nest;
    std::map<ValueId, BufferId> tensors;
    for (const auto& [read, buffer] : planned.sources) tensors[nest.nest.dag[read].tensor] = buffer;
    NestPointers pointers{
        [&](ValueId value) { return kernel.pointers.at(tensors.at(value)); },
        [&](BufferId buffer) { return kernel.pointers.at(buffer); },
        [&](ExprId read) { return kernel.pointers.at(planned.packed.at(read)); },
        [&](ExprId read) { return kernel.written.count(planned.sources.at(read)) > 0; },
    };
    emit_nest(graph_, nest, planned.plan, kernel.steps, kernel.builder, pointers, rows);
    for (const Store& store : nest.nest.stores) kernel.written.insert(store.buffer);
  }

  /// The packed windows of a read: made before the first kernel that wants them, and outside of the
  /// scans that leave them as they are.
  BufferId pack(const AccessedNest& nest, const Plan& plan, const StagedRead& staged) {
    size_t scans = scans_of_packing(graph_, nest, staged.read);
    ValueId tensor = nest.nest.dag[staged.read].tensor;
    BufferId& buffer = packed_[{tensor, scans == 0 ? ScanId{} : scans_[scans - 1],
                                packing_text(nest, plan, staged)}];
    if (buffer) return buffer;
    int64_t elements = staged.elements * count_windows(graph_, nest, plan, staged);
    buffer = add_buffer(graph_[tensor].name + ".packed", {graph_[tensor].type.dtype, {{elements}}});

    Draft kernel = draft({storage_.of(tensor), buffer}, {buffer}, scans);
    NestPointers pointers{[&](ValueId value) { return kernel.pointers.at(storage_.of(value)); },
                          {},
                          [&](ExprId) { return kernel.pointers.at(buffer); }};
    Plan packing = packing_plan(graph_, nest, plan, staged, target_);
    if (packing.parallel) kernel.call.tasks = packing.tasks;
    emit_packing(graph_, nest, packing, staged, kernel.steps, kernel.builder, pointers);
    kernel.call.kernel = kernels_.add(kernel.builder.take());
    insert_phase({{std::move(kernel.call)}}, scans);
    return buffer;
  }

  /// A phase that runs once before the repeats of all but the first open scans.
  void insert_phase(loops::Phase phase, size_t scans) {
    uint32_t position = static_cast<uint32_t>(step_.phases.size());
    if (scans < scans_.size()) {
      position = step_.repeats[repeat_of_.at(scans_[scans])].first;
      for (loops::Repeat& repeat : step_.repeats)
        if (repeat.first >= position) ++repeat.first;
    }
    step_.phases.insert(step_.phases.begin() + position, std::move(phase));
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
  PlanCache& plans_;
  KernelPool& kernels_;
  Remarks* remarks_;
  std::vector<std::vector<OpId>> groups_;
  Vanishing vanishing_;
  loops::Step step_;
  Storage storage_;
  std::vector<PlannedKernel> planned_;  ///< to be written next
  std::map<ValueId, BufferId> sums_;    ///< where a sum lies that its kernel's nest reads
  /// By tensor, scan that the copy is made in, and what is copied how.
  std::map<std::tuple<ValueId, ScanId, std::string>, BufferId> packed_;
  std::vector<ScanId> scans_;           ///< those that are open
  std::map<ScanId, size_t> repeat_of_;  ///< by scan: position in the step's repeats
};

}  // namespace

loops::Program schedule(const std::vector<Graph>& graphs, const Target& target, Remarks* remarks) {
  loops::Program program;
  PlanCache plans(target);
  KernelPool kernels(program);
  for (const Graph& graph : graphs)
    program.steps.push_back(Scheduler(graph, target, plans, kernels, remarks).run());
  return program;
}

}  // namespace netc
