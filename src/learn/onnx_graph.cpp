#include "learn/onnx_graph.h"

// The generated headers do not meet our warnings; CMake includes them as system headers.
#include <onnx/onnx_pb.h>

#include "base/error.h"

namespace lucerna::learn {

struct OnnxGraph::Model {
    onnx::ModelProto proto;
};

OnnxGraph::OnnxGraph(const std::string& name) : model_(std::make_unique<Model>()) {
    onnx::ModelProto& proto = model_->proto;
    proto.set_ir_version(8);
    proto.set_producer_name("lucerna");
    auto* opset = proto.add_opset_import();
    opset->set_domain("");
    opset->set_version(16);
    proto.mutable_graph()->set_name(name);
}

OnnxGraph::~OnnxGraph() = default;

std::string OnnxGraph::fresh(const std::string& stem) {
    return stem + "_" + std::to_string(next_++);
}

namespace {

void describe(onnx::ValueInfoProto& value, const std::string& name,
              const std::vector<std::int64_t>& extents) {
    value.set_name(name);
    auto* tensor = value.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(onnx::TensorProto_DataType_FLOAT);
    for (std::size_t i = 0; i < extents.size(); ++i) {
        auto* dimension = tensor->mutable_shape()->add_dim();
        if (extents[i] >= 0)
            dimension->set_dim_value(extents[i]);
        else
            dimension->set_dim_param(name + "_" + std::to_string(i));
    }
}

}  // namespace

std::string OnnxGraph::add_input(const std::string& name,
                                 const std::vector<std::int64_t>& extents) {
    describe(*model_->proto.mutable_graph()->add_input(), name, extents);
    return name;
}

void OnnxGraph::add_output(const std::string& name, const std::vector<std::int64_t>& extents) {
    describe(*model_->proto.mutable_graph()->add_output(), name, extents);
}

std::string OnnxGraph::add_weights(const std::string& name, const Weights& weights) {
    auto* tensor = model_->proto.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto_DataType_FLOAT);
    for (const std::int64_t extent : weights.shape) tensor->add_dims(extent);
    tensor->set_raw_data(weights.values.data(), weights.values.size() * sizeof(float));
    return name;
}

std::string OnnxGraph::add_number(double value) {
    return add_weights(fresh("number"), {{}, {static_cast<float>(value)}});
}

std::string OnnxGraph::add_integers(const std::vector<std::int64_t>& values) {
    auto* tensor = model_->proto.mutable_graph()->add_initializer();
    tensor->set_name(fresh("integers"));
    tensor->set_data_type(onnx::TensorProto_DataType_INT64);
    tensor->add_dims(static_cast<std::int64_t>(values.size()));
    tensor->set_raw_data(values.data(), values.size() * sizeof(std::int64_t));
    return tensor->name();
}

std::string OnnxGraph::add_integer(std::int64_t value) {
    const std::string name = add_integers({value});
    auto* graph = model_->proto.mutable_graph();
    graph->mutable_initializer(graph->initializer_size() - 1)->clear_dims();
    return name;
}

std::vector<std::string> OnnxGraph::add_node(const std::string& operation,
                                             const std::vector<std::string>& inputs,
                                             const std::vector<Attribute>& attributes,
                                             std::size_t outputs) {
    auto* node = model_->proto.mutable_graph()->add_node();
    node->set_op_type(operation);
    node->set_name(fresh(operation));
    for (const std::string& input : inputs) node->add_input(input);
    for (const Attribute& attribute : attributes) {
        auto* entry = node->add_attribute();
        entry->set_name(attribute.name);
        if (!attribute.text.empty()) {
            entry->set_type(onnx::AttributeProto_AttributeType_STRING);
            entry->set_s(attribute.text);
        } else if (attribute.single) {
            entry->set_type(onnx::AttributeProto_AttributeType_INT);
            entry->set_i(attribute.integers.at(0));
        } else {
            entry->set_type(onnx::AttributeProto_AttributeType_INTS);
            for (const std::int64_t value : attribute.integers) entry->add_ints(value);
        }
    }
    std::vector<std::string> names;
    for (std::size_t i = 0; i < outputs; ++i) {
        names.push_back(node->name() + "_out" + std::to_string(i));
        node->add_output(names.back());
    }
    return names;
}

std::string OnnxGraph::add_node(const std::string& operation,
                                const std::vector<std::string>& inputs,
                                const std::vector<Attribute>& attributes) {
    return add_node(operation, inputs, attributes, 1).front();
}

void OnnxGraph::rename(const std::string& value, const std::string& name) {
    auto* graph = model_->proto.mutable_graph();
    bool made = false;
    for (auto& node : *graph->mutable_node()) {
        for (auto& input : *node.mutable_input())
            if (input == value) input = name;
        for (auto& output : *node.mutable_output())
            if (output == value) {
                output = name;
                made = true;
            }
    }
    if (!made) throw Error(ErrorCode::kInternal, "ONNX export: no node makes " + value);
}

Bytes OnnxGraph::serialised() const {
    std::string text;
    if (!model_->proto.SerializeToString(&text))
        throw Error(ErrorCode::kInternal, "ONNX export: the model does not serialise");
    return {text.begin(), text.end()};
}

}  // namespace lucerna::learn
