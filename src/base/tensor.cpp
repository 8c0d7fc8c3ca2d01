#include "base/tensor.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/memory.h"
#include "base/units.h"

namespace tamis {
namespace {

struct TypeRow {
  DataType type;
  std::string_view name;
  std::size_t bytes;
};

constexpr std::array kTypes{
    TypeRow{DataType::f32, "f32", 4},   TypeRow{DataType::f16, "f16", 2},
    TypeRow{DataType::u8, "u8", 1},     TypeRow{DataType::i8, "i8", 1},
    TypeRow{DataType::i32, "i32", 4},   TypeRow{DataType::i64, "i64", 8},
    TypeRow{DataType::f64, "f64", 8},   TypeRow{DataType::boolean, "bool", 1},
    TypeRow{DataType::bf16, "bf16", 2},
};

const TypeRow& type_row(DataType type) {
  for (const TypeRow& r : kTypes)
    if (r.type == type) return r;
  return kTypes[0];
}

// So that the bytes of any type fit 63 bits, rounding to whole cache lines included.
constexpr std::int64_t kMostElements = std::numeric_limits<std::int64_t>::max() / 16;
// Below this nobody asks what is free: the question takes longer than the answer is worth.
constexpr std::uint64_t kLarge = std::uint64_t{64} << 20;

std::string size_text(DataType type, const Shape& shape, std::uint64_t bytes) {
  return "tensor " + to_text(shape) + " of " + std::string(to_text(type)) + ": needs " +
         bytes_text(bytes);
}

void require_memory(DataType type, const Shape& shape, std::uint64_t bytes) {
  if (bytes > kMostTensorBytes)
    throw Error(ErrorCode::unsupported,
                size_text(type, shape, bytes) + ", more than the " + bytes_text(kMostTensorBytes) +
                    " that one tensor may have; use a smaller input size or batch");
  if (bytes <= kLarge) return;
  const std::uint64_t spare = spare_memory_bytes();
  if (bytes > spare)
    throw Error(ErrorCode::unavailable,
                size_text(type, shape, bytes) + ", more than the " + bytes_text(spare) +
                    " of memory that this machine can spare; use a smaller input size or batch, or "
                    "end other programs");
}

}  // namespace

std::string_view to_text(DataType type) { return type_row(type).name; }
std::string_view to_text(MemoryKind kind) { return kind == MemoryKind::host ? "host" : "device"; }
std::size_t byte_size(DataType type) { return type_row(type).bytes; }

std::optional<std::int64_t> find_element_count(const Shape& shape) {
  std::int64_t count = 1, most = kMostElements;
  for (std::int64_t d : shape)
    if (d < 0) return std::nullopt;
  for (std::int64_t d : shape) {
    if (d == 0) return 0;
    if (d > most) return std::nullopt;
    count *= d;
    most /= d;
  }
  return count;
}

std::int64_t element_count(const Shape& shape) {
  if (auto count = find_element_count(shape)) return *count;
  throw Error(ErrorCode::unsupported, "size of tensor " + to_text(shape) +
                                          ": impossible: it has a negative dimension, or more "
                                          "elements than can be counted; export the model again");
}

std::uint64_t byte_count(DataType type, const Shape& shape) {
  return static_cast<std::uint64_t>(element_count(shape)) * byte_size(type);
}

std::string to_text(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += (i == 0 ? "" : ",") + std::to_string(shape[i]);
  return text + "]";
}

Tensor::Tensor(DataType type, Shape shape) : type_(type), shape_(std::move(shape)) {
  bytes_ = static_cast<std::size_t>(byte_count(type, shape_));
  require_memory(type, shape_, bytes_);
  std::size_t rounded = (bytes_ + 127) / 64 * 64;
  data_.reset(std::aligned_alloc(64, rounded));
  if (!data_) throw std::bad_alloc();
  std::memset(data_.get(), 0, rounded);
}

Tensor Tensor::view(MemoryKind memory, DataType type, Shape shape, void* data) {
  Tensor view;
  view.type_ = type;
  view.memory_ = memory;
  view.shape_ = std::move(shape);
  view.bytes_ = static_cast<std::size_t>(byte_count(type, view.shape_));
  view.data_ = std::unique_ptr<void, Free>(data, Free(false));
  return view;
}

Tensor Tensor::clone() const {
  if (memory_ != MemoryKind::host)
    throw Error(ErrorCode::unsupported, "copy tensor " + to_text(shape_) + ": it is in " +
                                            std::string(to_text(memory_)) +
                                            " memory; have its runtime copy it to the host");
  Tensor copy(type_, shape_);
  std::memcpy(copy.raw(), raw(), bytes_);
  return copy;
}

Tensor Tensor::view_of_image(std::int64_t n) {
  Shape one = shape_;
  one.at(0) = 1;
  const std::size_t bytes = bytes_ / static_cast<std::size_t>(shape_.at(0));
  return view(memory_, type_, std::move(one),
              static_cast<char*>(raw()) + static_cast<std::size_t>(n) * bytes);
}

void Tensor::Free::operator()(void* p) const {
  if (owned) std::free(p);
}

}  // namespace tamis
