// Accesses are aligned to their element only; what is known of a kernel's pointers stands in its
// attributes. Offsets of lanes that are masked off may lie anywhere, so addresses are computed
// without `inbounds`.
//
// Processors compare a load with the masked stores before it as if these wrote all their lanes:
// with rows narrower than a vector, every load of a row would wait for the store of the row before
// it to leave the core. So a known number of leading lanes is stored without a mask, in two pieces.
#include "codegen/memory.h"

#include <bit>
#include <numeric>
#include <optional>

namespace netc {

namespace {

using llvm::Value;
using loops::Access;

/// How many lanes a constant mask lets through, where they are the first ones.
std::optional<unsigned> leading_lanes(Value* mask, unsigned lanes) {
  auto* constant = llvm::dyn_cast<llvm::Constant>(mask);
  if (!constant) return {};
  unsigned count = 0;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    llvm::Constant* element = constant->getAggregateElement(lane);
    if (!element || !llvm::isa<llvm::ConstantInt>(element)) return {};
    if (element->isNullValue()) continue;
    if (count != lane) return {};
    ++count;
  }
  return count;
}

class MemoryLowering {
 public:
  MemoryLowering(LaneBuilder& lanes, const MemoryAccess& it)
      : lanes_(lanes),
        ir_(lanes.ir),
        it_(it),
        element_(memory_element(ir_.getContext(), it.type.element)),
        alignment_(static_cast<uint64_t>(byte_size(it.type.element))) {}

  Value* load() {
    Value* value = it_.mask ? masked_load() : plain_load();
    return it_.type.element == DType::boolean ? from_byte(value) : value;
  }

  void store(Value* value) {
    if (it_.type.element == DType::boolean) value = ir_.CreateZExt(value, memory_type());
    if (it_.mask) {
      masked_store(value);
    } else {
      plain_store(value);
    }
  }

 private:
  unsigned lanes() const { return it_.type.lanes; }
  bool is_contiguous() const {
    return lanes() == 1 || it_.access == Access::contiguous ||
           (it_.access == Access::strided && it_.stride == 1);
  }
  /// A single lane may be given its offset as a gather, which for one lane is a scalar.
  llvm::Type* memory_type() const {
    return lanes() == 1 ? element_ : llvm::FixedVectorType::get(element_, lanes());
  }
  Value* from_byte(Value* value) { return ir_.CreateICmpNE(value, lanes_.integer(value, 0)); }

  /// So many elements behind the first lane.
  Value* behind(uint64_t elements) {
    return elements == 0 ? it_.address : ir_.CreateConstGEP1_64(element_, it_.address, elements);
  }

  Value* lane_address(unsigned lane) {
    if (it_.access != Access::gather) return behind(static_cast<uint64_t>(it_.stride) * lane);
    return ir_.CreateGEP(element_, it_.address, ir_.CreateExtractElement(it_.offsets, lane));
  }

  /// A vector of the addresses of all lanes.
  Value* addresses() {
    if (it_.access == Access::gather) return ir_.CreateGEP(element_, it_.address, it_.offsets);
    std::vector<llvm::Constant*> offsets;
    for (unsigned lane = 0; lane < lanes(); ++lane)
      offsets.push_back(ir_.getInt64(static_cast<uint64_t>(it_.stride) * lane));
    return ir_.CreateGEP(element_, it_.address, llvm::ConstantVector::get(offsets));
  }

  Value* plain_load() {
    if (is_contiguous()) return ir_.CreateAlignedLoad(memory_type(), it_.address, alignment_);
    if (it_.access == Access::strided && it_.stride == 0) {
      Value* value = ir_.CreateAlignedLoad(element_, it_.address, alignment_);
      return ir_.CreateVectorSplat(lanes(), value);
    }
    Value* result = llvm::PoisonValue::get(memory_type());
    for (unsigned lane = 0; lane < lanes(); ++lane) {
      Value* value = ir_.CreateAlignedLoad(element_, lane_address(lane), alignment_);
      result = ir_.CreateInsertElement(result, value, lane);
    }
    return result;
  }

  void plain_store(Value* value) {
    if (is_contiguous()) {
      llvm::StoreInst* store = ir_.CreateAlignedStore(value, it_.address, alignment_);
      if (it_.non_temporal) mark_non_temporal(store);
      return;
    }
    for (unsigned lane = 0; lane < lanes(); ++lane)
      ir_.CreateAlignedStore(ir_.CreateExtractElement(value, lane), lane_address(lane), alignment_);
  }

  void mark_non_temporal(llvm::Instruction* store) {
    llvm::Metadata* one = llvm::ConstantAsMetadata::get(ir_.getInt32(1));
    store->setMetadata(llvm::LLVMContext::MD_nontemporal,
                       llvm::MDNode::get(ir_.getContext(), {one}));
  }

  /// Masked accesses are for vectors; a scalar is one of a single lane.
  llvm::Type* masked_type() const { return llvm::FixedVectorType::get(element_, lanes()); }
  Value* as_vector(Value* value) {
    if (lanes() > 1) return value;
    auto* type = llvm::FixedVectorType::get(value->getType(), 1);
    return ir_.CreateInsertElement(llvm::PoisonValue::get(type), value, uint64_t{0});
  }
  Value* as_lanes(Value* vector) {
    return lanes() > 1 ? vector : ir_.CreateExtractElement(vector, uint64_t{0});
  }

  Value* masked_load() {
    Value* zero = llvm::Constant::getNullValue(masked_type());
    Value* mask = as_vector(it_.mask);
    Value* value = is_contiguous()
                       ? ir_.CreateMaskedLoad(masked_type(), it_.address, alignment_, mask, zero)
                       : ir_.CreateMaskedGather(masked_type(), addresses(), alignment_, mask, zero);
    return as_lanes(value);
  }

  void masked_store(Value* value) {
    Value* mask = as_vector(it_.mask);
    std::optional<unsigned> count = leading_lanes(mask, lanes());
    if (is_contiguous() && count && *count > 0) {
      store_leading(as_vector(value), *count);
    } else if (is_contiguous()) {
      ir_.CreateMaskedStore(as_vector(value), it_.address, alignment_, mask);
    } else {
      ir_.CreateMaskedScatter(value, addresses(), alignment_, mask);
    }
  }

  /// Pieces of powers of two from both ends, which may overlap.
  void store_leading(Value* value, unsigned count) {
    unsigned low = std::bit_floor(count);
    store_piece(value, 0, low);
    if (unsigned high = std::bit_ceil(count - low); count > low)
      store_piece(value, count - high, high);
  }

  void store_piece(Value* value, unsigned first, unsigned width) {
    std::vector<int> from(width);
    std::iota(from.begin(), from.end(), static_cast<int>(first));
    ir_.CreateAlignedStore(ir_.CreateShuffleVector(value, from), behind(first), alignment_);
  }

  LaneBuilder& lanes_;
  llvm::IRBuilder<>& ir_;
  const MemoryAccess& it_;
  llvm::Type* element_;
  llvm::Align alignment_;
};

}  // namespace

llvm::Value* lower_load(LaneBuilder& lanes, const MemoryAccess& load) {
  return MemoryLowering(lanes, load).load();
}

void lower_store(LaneBuilder& lanes, const MemoryAccess& store, llvm::Value* value) {
  MemoryLowering(lanes, store).store(value);
}

}  // namespace netc
