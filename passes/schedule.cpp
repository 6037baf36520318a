// 1. Every value gets a buffer or is a view of one (`storage`).
// 2. Every group becomes a nest (`nest`), its accesses linear offsets (`access`).
// 3. The plan of its loops is the cheapest one (`tiling`), and is written out (`emit_nest`).
// 4. Kernels with equal text are one, whatever tensors they work on.
#include "passes/schedule.h"

#include <map>
#include <set>

#include "ir/loops/text.h"
#include "ir/support/check.h"
#include "passes/emit_nest.h"
#include "passes/storage.h"

namespace netc {

using loops::BufferId;
using loops::RegisterId;

namespace {

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
  Scheduler(const Graph& graph, const Target& target, KernelPool& kernels)
      : graph_(graph), target_(target), kernels_(kernels), groups_(groups_of(graph)) {}

  loops::Step run() {
    step_.model = graph_.model;
    step_.entry = graph_.entry;
    step_.capacity = graph_.capacity;
    storage_ = place(graph_, groups_, step_);
    for (const Transfer& transfer : storage_.before) add_transfer(transfer, {});
    for (const std::vector<OpId>& group : groups_) add_group(group);
    for (const Transfer& transfer : storage_.saved) add_transfer(transfer, {});
    for (const auto& [saved, transfer] : storage_.after) add_transfer(transfer, saved);
    drop_unused_buffers();
    return std::move(step_);
  }

 private:
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
    nests.push_back(std::move(nest));
    add_kernel(std::move(nests), {});
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
    for (Nest& nest : nests) accessed.push_back(access(graph_, std::move(nest)));
    auto buffer_of = [&](ValueId value) { return source ? source : storage_.of(value); };

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

    loops::Builder builder("k");
    std::map<BufferId, RegisterId> pointers;
    for (BufferId buffer : call.arguments)
      pointers[buffer] =
          builder.parameter(step_.buffers[buffer.index].type.dtype, written.count(buffer) > 0,
                            fmt::format("a{}", pointers.size()));
    PointerOf pointer_of = [&](ValueId value) { return pointers.at(buffer_of(value)); };
    PointerOfBuffer pointer_of_buffer = [&](BufferId buffer) { return pointers.at(buffer); };
    for (const AccessedNest& nest : accessed) {
      Plan plan = make_plan(graph_, nest, target_);
      if (accessed.size() > 1) plan.parallel = false;
      if (plan.parallel) call.tasks = plan.tasks;
      emit_nest(graph_, nest, plan, builder, pointer_of, pointer_of_buffer);
    }
    call.kernel = kernels_.add(builder.take());
    step_.phases.push_back({{std::move(call)}});
  }

  /// Numbers the buffers anew without those that no call uses.
  void drop_unused_buffers() {
    std::vector<bool> used(step_.buffers.size());
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
  }

  const Graph& graph_;
  const Target& target_;
  KernelPool& kernels_;
  std::vector<std::vector<OpId>> groups_;
  loops::Step step_;
  Storage storage_;
};

}  // namespace

loops::Program schedule(const std::vector<Graph>& graphs, const Target& target) {
  loops::Program program;
  KernelPool kernels(program);
  for (const Graph& graph : graphs)
    program.steps.push_back(Scheduler(graph, target, kernels).run());
  return program;
}

}  // namespace netc
