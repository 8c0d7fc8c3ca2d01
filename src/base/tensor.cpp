#include "base/tensor.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

namespace tamis {
namespace {

struct Row {
  DataType type;
  std::string_view name;
  std::size_t bytes;
};

constexpr std::array kRows{
    Row{DataType::f32, "f32", 4}, Row{DataType::f16, "f16", 2},      Row{DataType::u8, "u8", 1},
    Row{DataType::i8, "i8", 1},   Row{DataType::i32, "i32", 4},      Row{DataType::i64, "i64", 8},
    Row{DataType::f64, "f64", 8}, Row{DataType::boolean, "bool", 1}, Row{DataType::bf16, "bf16", 2},
};

const Row& row(DataType type) {
  for (const Row& r : kRows)
    if (r.type == type) return r;
  return kRows[0];
}

}  // namespace

std::string_view to_text(DataType type) { return row(type).name; }
std::size_t byte_size(DataType type) { return row(type).bytes; }

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (std::int64_t d : shape) count *= d;
  return count;
}

std::string to_text(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i)
    text += (i == 0 ? "" : ",") + std::to_string(shape[i]);
  return text + "]";
}

Tensor::Tensor(DataType type, Shape shape) : type_(type), shape_(std::move(shape)) {
  bytes_ = static_cast<std::size_t>(element_count(shape_)) * byte_size(type);
  std::size_t rounded = (bytes_ + 127) / 64 * 64;
  data_.reset(std::aligned_alloc(64, rounded));
  if (!data_) throw std::bad_alloc();
  std::memset(data_.get(), 0, rounded);
}

Tensor Tensor::clone() const {
  Tensor copy(type_, shape_);
  std::memcpy(copy.raw(), raw(), bytes_);
  return copy;
}

Tensor Tensor::view_of_image(std::int64_t n) {
  Tensor view;
  view.type_ = type_;
  view.shape_ = shape_;
  view.shape_.at(0) = 1;
  view.bytes_ = bytes_ / static_cast<std::size_t>(shape_.at(0));
  view.data_ = std::unique_ptr<void, Free>(
      static_cast<char*>(raw()) + static_cast<std::size_t>(n) * view.bytes_, Free(false));
  return view;
}

void Tensor::Free::operator()(void* p) const {
  if (owned) std::free(p);
}

}  // namespace tamis
