#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// Element types that cross our interfaces. The numbers are part of the plugin ABI: never renumber.
enum class DataType : std::int32_t {
  f32 = 1,
  f16 = 2,
  u8 = 3,
  i8 = 4,
  i32 = 5,
  i64 = 6,
  f64 = 7,
  boolean = 8,
  bf16 = 9
};

std::string_view to_text(DataType type);
std::size_t byte_size(DataType type);

/// Row-major, outermost dimension first.
using Shape = std::vector<std::int64_t>;

/// What all parts of Tamis carry at most. A runtime's tensors cross its edge with this many.
inline constexpr std::size_t kMaxRank = 8;
/// One tensor's memory; no image model comes near it.
inline constexpr std::uint64_t kMostTensorBytes = std::uint64_t{4} << 30;

/// The product of the dimensions, 1 for a scalar. Throws unsupported where it cannot be counted: a
/// negative dimension, or so many that their bytes pass 63 bits.
std::int64_t element_count(const Shape& shape);
/// The same, absent instead of an exception.
std::optional<std::int64_t> find_element_count(const Shape& shape);
/// What so many elements take. Throws as element_count does.
std::uint64_t byte_count(DataType type, const Shape& shape);
std::string to_text(const Shape& shape);  ///< "[1,3,640,640]"

/// What a model says of an input or output. An absent dimension is dynamic.
struct TensorInfo {
  std::string name;
  DataType type = DataType::f32;
  std::vector<std::optional<std::int64_t>> shape;
};

/// Where a tensor's bytes lie. The numbers are part of the plugin ABI: never renumber.
enum class MemoryKind : std::int32_t {
  host = 0,   ///< what this process reads and writes
  device = 1  ///< an accelerator's: an address that only its runtime can follow
};

std::string_view to_text(MemoryKind kind);

/// An owned, 64-byte aligned, zero-initialised, row-major block, or a view of another's. Moves,
/// does not copy by accident (clone() does). Not synchronised: one thread at a time may write.
class Tensor {
 public:
  Tensor() = default;
  /// Throws unsupported for a shape that cannot be counted or takes more than kMostTensorBytes, and
  /// unavailable for one that this machine has no memory for, before any is taken.
  Tensor(DataType type, Shape shape);
  /// Someone else's memory, which must outlive the view and hold byte_count(type, shape) bytes.
  /// Throws as byte_count does.
  static Tensor view(MemoryKind memory, DataType type, Shape shape, void* data);
  /// An owned copy. Throws unsupported for a tensor that is not in host memory.
  Tensor clone() const;
  /// Image n of a batch as a batch of one, on the same memory, which must outlive it. The first
  /// dimension must be greater than n.
  Tensor view_of_image(std::int64_t n);

  DataType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  MemoryKind memory() const { return memory_; }
  std::size_t bytes() const { return bytes_; }
  std::int64_t elements() const { return element_count(shape_); }
  /// The first element's address, in memory().
  void* raw() { return data_.get(); }
  const void* raw() const { return data_.get(); }

  /// The elements as T. T must be the C++ type of type(); checked by an assert only.
  template <typename T>
  T* data() {
    return static_cast<T*>(raw());
  }
  template <typename T>
  const T* data() const {
    return static_cast<const T*>(raw());
  }

 private:
  struct Free {
    Free() {}  // NOLINT(modernize-use-equals-default): its member's initialiser is needed here
    explicit Free(bool owns) : owned(owns) {}
    bool owned = true;
    void operator()(void* p) const;
  };
  DataType type_ = DataType::f32;
  MemoryKind memory_ = MemoryKind::host;
  Shape shape_;
  std::size_t bytes_ = 0;
  std::unique_ptr<void, Free> data_;
};

}  // namespace tamis
