#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <random>

#include "base/error.h"
#include "base/files.h"
#include "graph/graph.h"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kModel = R"(
<ir_version: 8, opset_import: ["" : 17]>
g (float[1,2] x) => (float[1,2] y)
<float[2,2] w = {1,2,3,4}>
{
  m = MatMul(x, w)
  y = Relu(m)
})";

class Load : public ::testing::Test {
 protected:
  fs::path file(const std::string& name) const { return folder_.path() / name; }

  // What loading says: one line, the code checked.
  std::string failure(const fs::path& model, ErrorCode code) const {
    ::testing::internal::CaptureStderr();
    std::string text = "no error";
    try {
      Graph::load(model);
    } catch (const Error& error) {
      text = error.what();
      EXPECT_EQ(error.code(), code) << text;
    }
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_THAT(text, HasSubstr(model.filename().string()));
    return text;
  }

  // A model whose initializer lies in a file of its own.
  fs::path save_external(const std::string& location, std::uint64_t length) const {
    Graph graph = Graph::parse_text(kModel);
    onnx::TensorProto& tensor = *graph.initializer("w");
    tensor.clear_raw_data();
    tensor.clear_float_data();
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    auto add = [&](const char* key, const std::string& value) {
      auto& entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    };
    add("location", location);
    add("offset", "4");
    add("length", std::to_string(length));
    fs::create_directories(file("model"));
    graph.save(file("model/m.onnx"));
    return file("model/m.onnx");
  }

  TemporaryFolder folder_;
};

TEST_F(Load, gives_back_what_was_saved) {
  Graph graph = Graph::parse_text(kModel);
  graph.save(file("m.onnx"));
  EXPECT_EQ(Graph::load(file("m.onnx")).to_bytes(), graph.to_bytes());
}

TEST_F(Load, says_that_a_file_is_missing) {
  EXPECT_THAT(failure(file("none.onnx"), ErrorCode::not_found), HasSubstr("no such file"));
}

TEST_F(Load, says_that_a_file_is_not_onnx) {
  for (const char* content :
       {"this is some text, no model", "\x89PNG\r\n\x1a\n....", "{\"a\": 1}", "\x08"}) {
    save_file(file("m.onnx"), std::string_view(content));
    EXPECT_THAT(failure(file("m.onnx"), ErrorCode::corrupt_data), HasSubstr("export"));
  }
  save_file(file("m.onnx"), std::string_view("PK\x03\x04 a zip archive"));
  EXPECT_THAT(failure(file("m.onnx"), ErrorCode::corrupt_data), HasSubstr("not an ONNX file"));
  save_file(file("m.onnx"), std::string_view(""));
  EXPECT_THAT(failure(file("m.onnx"), ErrorCode::corrupt_data), HasSubstr("empty"));
}

TEST_F(Load, says_that_a_file_is_truncated_wherever_it_is_cut) {
  std::string bytes = Graph::parse_text(kModel).to_bytes();
  for (std::size_t size = 8; size + 10 < bytes.size(); size += 7) {
    save_file(file("m.onnx"), std::string_view(bytes).substr(0, size));
    EXPECT_THAT(failure(file("m.onnx"), ErrorCode::corrupt_data), HasSubstr("truncated")) << size;
  }
}

TEST_F(Load, names_an_unknown_operator_and_a_near_one) {
  Graph graph = Graph::parse_text(
      "<ir_version: 8, opset_import: [\"\" : 17]> g (float[2] x) => (float[2] y) {[act] y = "
      "Reluu(x)}");
  graph.save(file("m.onnx"));
  std::string text = failure(file("m.onnx"), ErrorCode::unsupported);
  EXPECT_THAT(text, HasSubstr("unknown operator: node Reluu \"act\""));
  EXPECT_THAT(text, HasSubstr("did you mean Relu?"));
}

TEST_F(Load, says_from_which_opset_on_an_operator_is_there) {
  Graph graph = Graph::parse_text(
      "<ir_version: 8, opset_import: [\"\" : 17]> g (float[2] x) => (float[2] y) {y = Gelu(x)}");
  graph.save(file("m.onnx"));
  EXPECT_THAT(failure(file("m.onnx"), ErrorCode::unsupported), HasSubstr("from opset 20 on"));
}

TEST_F(Load, says_that_an_opset_is_too_new) {
  Graph graph = Graph::parse_text(kModel);
  graph.set_opset("", 999);
  graph.save(file("m.onnx"));
  EXPECT_THAT(failure(file("m.onnx"), ErrorCode::unsupported), HasSubstr("opset 999"));
}

TEST_F(Load, names_a_value_that_nothing_makes) {
  Graph graph = Graph::parse_text(kModel);
  graph.set_input(*graph.producer("y"), 0, "nowhere");
  graph.save(file("m.onnx"));
  EXPECT_THAT(failure(file("m.onnx"), ErrorCode::corrupt_data), HasSubstr("nowhere"));
}

// Exporters that convert to half precision append their Casts; runtimes do not mind.
TEST_F(Load, puts_nodes_in_order) {
  Graph graph = Graph::parse_text(kModel);
  graph.graph().mutable_node()->SwapElements(0, 1);
  graph.save(file("m.onnx"));
  Graph loaded = Graph::load(file("m.onnx"));
  EXPECT_EQ(loaded.nodes()[0]->op_type(), "MatMul");
  EXPECT_EQ(loaded.nodes()[1]->op_type(), "Relu");
  loaded.verify();
}

TEST_F(Load, puts_nodes_of_bodies_in_order) {
  Graph graph = Graph::parse_text(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (bool b, float[2] x) => (float[2] y)
    {
      y = If (b) <then_branch = t () => (float[2] p) { m = Neg (x) p = Relu (m) },
                  else_branch = e () => (float[2] q) { q = Identity (x) }>
    })");
  for (auto& attribute : *graph.nodes()[0]->mutable_attribute())
    if (attribute.name() == "then_branch")
      attribute.mutable_g()->mutable_node()->SwapElements(0, 1);
  graph.save(file("m.onnx"));
  Graph::load(file("m.onnx")).verify();
}

TEST_F(Load, refuses_a_cycle) {
  Graph graph = Graph::parse_text(kModel);
  graph.set_input(*graph.producer("m"), 0, "y");
  graph.save(file("m.onnx"));
  EXPECT_THAT(failure(file("m.onnx"), ErrorCode::corrupt_data), HasSubstr("sorted"));
}

TEST_F(Load, takes_weights_that_are_listed_as_inputs_for_constants_and_says_so) {
  for (std::int64_t ir : {3, 8}) {
    onnx::ModelProto model = Graph::parse_text(kModel).proto();
    model.set_ir_version(ir);
    *model.mutable_graph()->add_input() = model.graph().input(0);
    model.mutable_graph()->mutable_input(1)->set_name("w");
    auto& dims = *model.mutable_graph()
                      ->mutable_input(1)
                      ->mutable_type()
                      ->mutable_tensor_type()
                      ->mutable_shape();
    dims.mutable_dim(0)->set_dim_value(2);
    save_file(file("m.onnx"), std::string_view(model.SerializeAsString()));
    Graph graph = Graph::load(file("m.onnx"));
    EXPECT_TRUE(graph.is_constant("w"));
    EXPECT_EQ(graph.graph().input_size(), 1);
    if (ir == 3) {
      EXPECT_TRUE(graph.notes().empty());  // it had to list them
      continue;
    }
    ASSERT_EQ(graph.notes().size(), 1U);
    EXPECT_EQ(graph.notes()[0],
              "1 weights that the file also lists as inputs are treated as constants");
    EXPECT_EQ(Graph(graph).notes(), graph.notes());
  }
}

TEST_F(Load, names_a_tensor_whose_data_do_not_fit_its_shape) {
  Graph graph = Graph::parse_text(kModel);
  graph.initializer("w")->clear_float_data();
  graph.initializer("w")->set_raw_data("short");
  graph.save(file("m.onnx"));
  EXPECT_THAT(failure(file("m.onnx"), ErrorCode::corrupt_data),
              HasSubstr("tensor \"w\" of shape [2,2] needs 16 bytes and has 5"));
}

TEST_F(Load, takes_external_data_in) {
  fs::path model = save_external("w.bin", 16);
  std::vector<float> data{0, 5, 6, 7, 8};
  save_file(file("model/w.bin"), std::string_view(reinterpret_cast<const char*>(data.data()), 20));
  Graph graph = Graph::load(model);
  EXPECT_THAT(floats(*graph.constant("w")), ::testing::ElementsAre(5, 6, 7, 8));
  graph.save(file("one.onnx"));
  EXPECT_EQ(floats(*Graph::load(file("one.onnx")).constant("w")).size(), 4u);
}

TEST_F(Load, says_that_external_data_is_missing_or_short) {
  fs::path model = save_external("w.bin", 16);
  EXPECT_THAT(failure(model, ErrorCode::corrupt_data),
              HasSubstr("no file \"w.bin\" next to the model"));
  save_file(file("model/w.bin"), std::string_view("too short"));
  EXPECT_THAT(failure(model, ErrorCode::corrupt_data), HasSubstr("too short"));
}

TEST_F(Load, refuses_external_data_outside_the_folder) {
  save_file(file("secret"), std::string(64, 'x'));
  for (const std::string& location :
       {std::string("../secret"), file("secret").string(), std::string()})
    EXPECT_THAT(failure(save_external(location, 16), ErrorCode::invalid_argument),
                HasSubstr("points outside the model's folder"));
  fs::path model = save_external("link", 16);
  fs::create_symlink(file("secret"), file("model/link"));
  EXPECT_THAT(failure(model, ErrorCode::invalid_argument),
              HasSubstr("points outside the model's folder"));
}

// A data file may be far larger than what is used of it.
TEST_F(Load, reads_no_more_of_external_data_than_the_tensor_needs) {
  fs::path model = save_external("w.bin", 16);
  save_file(file("model/w.bin"), std::string(4, 'x') + std::string(16, '\0'));
  fs::resize_file(file("model/w.bin"), std::uintmax_t{1} << 40);  // a hole: nothing is written
  EXPECT_THAT(floats(*Graph::load(model).constant("w")), ::testing::ElementsAre(0, 0, 0, 0));
}

TEST_F(Load, refuses_more_external_data_than_the_shape_needs_before_reading_them) {
  fs::path model = save_external("w.bin", std::uint64_t{1} << 39);
  save_file(file("model/w.bin"), std::string_view("x"));
  fs::resize_file(file("model/w.bin"), std::uintmax_t{1} << 40);
  EXPECT_THAT(failure(model, ErrorCode::corrupt_data),
              HasSubstr("its shape [2,2] needs no more than 16"));
}

// A calls B twice, B calls C twice and so on: 2^40 nodes in all.
std::string nested_functions(int levels, const std::string& innermost) {
  std::string text = R"(<ir_version: 8, opset_import: ["" : 17, "f" : 1]>
g (float[2] x) => (float[2] y) { y = f.F0(x) }
)";
  for (int n = 0; n < levels; ++n) {
    const std::string next = n + 1 < levels ? "f.F" + std::to_string(n + 1) : innermost;
    text += "<domain: \"f\", opset_import: [\"\" : 17, \"f\" : 1]> F" + std::to_string(n) +
            " (a) => (c) { b = " + next + "(a) c = " + next + "(b) }\n";
  }
  return text;
}

TEST_F(Load, refuses_many_tensors_on_one_place_of_a_file) {
  constexpr std::int64_t kFloats = std::int64_t{1} << 22;  // 16 MB, which eight tensors ask for
  Graph graph = Graph::parse_text(kModel);
  for (int i = 0; i < 8; ++i) {
    onnx::TensorProto& tensor = *graph.graph().add_initializer();
    tensor.set_name("t" + std::to_string(i));
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.add_dims(kFloats);
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    auto& entry = *tensor.add_external_data();
    entry.set_key("location");
    entry.set_value("w.bin");
  }
  fs::create_directories(file("model"));
  graph.save(file("model/m.onnx"));
  save_file(file("model/w.bin"), std::string_view(""));
  fs::resize_file(file("model/w.bin"), kFloats * 4);
  EXPECT_THAT(failure(file("model/m.onnx"), ErrorCode::corrupt_data),
              HasSubstr("overlaps many others"));
}

TEST_F(Load, refuses_functions_that_stand_for_nodes_without_end) {
  Graph::parse_text(nested_functions(40, "Relu")).save(file("m.onnx"));
  EXPECT_THAT(failure(file("m.onnx"), ErrorCode::unsupported),
              HasSubstr("more than 1000000 nodes"));
  Graph::parse_text(nested_functions(2, "f.F0")).save(file("m.onnx"));
  EXPECT_THAT(failure(file("m.onnx"), ErrorCode::unsupported), HasSubstr("call themselves"));
  Graph::parse_text(nested_functions(3, "Relu")).save(file("m.onnx"));
  EXPECT_NO_THROW(Graph::load(file("m.onnx")));
}

// Any byte string either loads or is refused by an Error; whatever loads can be looked at.
TEST_F(Load, survives_any_change_of_bytes) {
  std::string good = Graph::parse_text(kModel).to_bytes();
  std::mt19937 random(7);
  std::size_t refused = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string bytes = good;
    for (unsigned n = 1 + random() % 4; n > 0; --n) {
      std::size_t at = random() % bytes.size();
      if (random() % 4 == 0)
        bytes.erase(at, 1 + random() % 8);
      else if (random() % 4 == 0)
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 16));
      else
        bytes[at] = static_cast<char>(random());
      if (bytes.empty()) bytes = "x";
    }
    try {
      Graph graph = Graph::parse_bytes(
          {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "fuzz");
      graph.infer_shapes();
      graph.sort();
      graph.remove_dead();
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_LT(refused, 4000u);
}

}  // namespace
}  // namespace tamis
