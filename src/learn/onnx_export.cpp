#include "learn/onnx_export.h"

#include "base/error.h"
#include "learn/onnx_graph.h"

namespace lucerna::learn {
namespace {

using Attribute = OnnxGraph::Attribute;

/// Writes the layers of `weights` into the graph.
class Layers {
  public:
    Layers(OnnxGraph& graph, const WeightMap& weights) : graph_(graph), weights_(weights) {}

    std::string weights(const std::string& name) {
        const auto found = weights_.find(name);
        if (found == weights_.end())
            throw Error(ErrorCode::kInvalidInput, "ONNX export: no layer " + name);
        return graph_.add_weights(name, found->second);
    }

    std::string conv(const std::string& x, const std::string& layer, std::int64_t stride = 1) {
        const auto found = weights_.find(layer + ".weight");
        if (found == weights_.end() || found->second.shape.size() != 4)
            throw Error(ErrorCode::kInvalidInput, "ONNX export: no convolution " + layer);
        const std::int64_t size = found->second.shape[2];
        const std::int64_t pad = size / 2;
        return graph_.add_node("Conv", {x, weights(layer + ".weight"), weights(layer + ".bias")},
                               {{"kernel_shape", {size, size}, {}, false},
                                {"strides", {stride, stride}, {}, false},
                                {"pads", {pad, pad, pad, pad}, {}, false}});
    }

    std::string relu(const std::string& x) { return graph_.add_node("Relu", {x}); }

    std::string pool(const std::string& x, std::int64_t stride) {
        return graph_.add_node("MaxPool", {x},
                               {{"kernel_shape", {3, 3}, {}, false},
                                {"strides", {stride, stride}, {}, false},
                                {"pads", {1, 1, 1, 1}, {}, false}});
    }

    std::string fire(const std::string& x, const std::string& name) {
        const std::string squeezed = relu(conv(x, name + ".squeeze"));
        return graph_.add_node(
            "Concat", {relu(conv(squeezed, name + ".left")), relu(conv(squeezed, name + ".right"))},
            {{"axis", {1}, {}, true}});
    }

    std::string doubled(const std::string& x) {
        const std::string scales = graph_.add_weights("doubling", {{4}, {1, 1, 2, 2}});
        return graph_.add_node("Resize", {x, "", scales},
                               {{"mode", {}, "nearest", false},
                                {"coordinate_transformation_mode", {}, "asymmetric", false},
                                {"nearest_mode", {}, "floor", false}});
    }

    std::string reshaped(const std::string& x, const std::vector<std::int64_t>& extents) {
        return graph_.add_node("Reshape", {x, graph_.add_integers(extents)});
    }

  private:
    OnnxGraph& graph_;
    const WeightMap& weights_;
};

/// The output maps of one picture, as node names.
struct Maps {
    std::string presence;
    std::string distances;
    std::string malignancy;
    std::string judged;
};

Maps add_network(Layers& layers, OnnxGraph& graph, const std::string& image,
                 const NetworkShape& shape) {
    std::string x = layers.pool(layers.relu(layers.conv(image, "stem", 2)), 2);
    std::string at_eight;
    for (std::size_t i = 0; i < shape.fires.size(); ++i) {
        if (i == kDeepFires) at_eight = x;
        if (i == 2 || i == kDeepFires) x = layers.pool(x, 2);
        x = layers.fire(x, "fire" + std::to_string(i + 2));
    }
    const std::string up = layers.doubled(layers.conv(x, "deep"));
    std::string merged = layers.relu(graph.add_node("Add", {layers.conv(at_eight, "shallow"), up}));
    merged = layers.relu(layers.conv(merged, "merge"));
    const std::string found = layers.relu(layers.conv(merged, "find"));
    Maps maps;
    maps.judged = layers.relu(layers.conv(merged, "judge"));
    maps.presence = layers.conv(found, "presence");
    maps.distances = layers.conv(found, "distances");
    maps.malignancy = layers.conv(maps.judged, "malignancy");
    return maps;
}

void add_image_score(Layers& layers, OnnxGraph& graph, const Maps& maps,
                     const NetworkShape& shape) {
    const std::string logits = layers.reshaped(maps.presence, {1, -1});
    const std::string sharpened = graph.add_node("Mul", {logits, graph.add_number(kAttention)});
    const std::string attention =
        layers.reshaped(graph.add_node("Softmax", {sharpened}, {{"axis", {1}, {}, true}}), {-1, 1});
    const std::string pooled =
        graph.add_node("MatMul", {layers.reshaped(maps.judged, {shape.branch, -1}), attention});
    const std::string context =
        graph.add_node("MatMul", {layers.weights("context.weight"), pooled});
    const std::string opinion =
        graph.add_node("MatMul", {layers.reshaped(maps.malignancy, {1, -1}), attention});
    const std::string sum = layers.reshaped(graph.add_node("Add", {opinion, context}), {1});
    const std::string logit = graph.add_node("Add", {sum, layers.weights("context.bias")});
    graph.rename(graph.add_node("Sigmoid", {logit}), "image_score");
}

/// The cells of the highest peaks: their numbers; their presence gets its outside name.
std::string add_peaks(Layers& layers, OnnxGraph& graph, const Maps& maps) {
    const std::string presence = graph.add_node("Sigmoid", {maps.presence});
    const std::string same = graph.add_node("Equal", {presence, layers.pool(presence, 1)});
    const std::string peaks =
        graph.add_node("Mul", {presence, graph.add_node("Cast", {same}, {{"to", {1}, {}, true}})});
    const std::string flat = layers.reshaped(peaks, {-1});
    const std::string count =
        graph.add_node("Min", {graph.add_integer(kCandidates), graph.add_node("Size", {flat})});
    const auto top =
        graph.add_node("TopK", {flat, layers.reshaped(count, {1})}, {{"axis", {0}, {}, true}}, 2);
    graph.rename(top[0], "presence");
    return top[1];
}

void add_boxes(Layers& layers, OnnxGraph& graph, const Maps& maps, const std::string& cells) {
    const std::string columns =
        graph.add_node("Gather", {graph.add_node("Shape", {maps.presence}), graph.add_integer(3)});
    const auto middle = [&](const std::string& index) {
        const std::string number = graph.add_node("Cast", {index}, {{"to", {1}, {}, true}});
        const std::string centre = graph.add_node("Add", {number, graph.add_number(0.5)});
        return graph.add_node("Mul", {centre, graph.add_number(kStride)});
    };
    const std::string x = middle(graph.add_node("Mod", {cells, columns}));
    const std::string y = middle(graph.add_node("Div", {cells, columns}));
    const std::string of_cells = graph.add_node(
        "Gather", {layers.reshaped(maps.distances, {4, -1}), cells}, {{"axis", {1}, {}, true}});
    const std::string limited = graph.add_node(
        "Clip",
        {of_cells, graph.add_number(-kLogDistanceLimit), graph.add_number(kLogDistanceLimit)});
    const std::string sides =
        graph.add_node("Mul", {graph.add_node("Exp", {limited}), graph.add_number(kDistanceUnit)});
    const auto side = [&](std::int64_t which) {
        return graph.add_node("Gather", {sides, graph.add_integer(which)});
    };
    std::vector<std::string> corners;
    for (const std::string& corner :
         {graph.add_node("Sub", {x, side(0)}), graph.add_node("Sub", {y, side(1)}),
          graph.add_node("Add", {x, side(2)}), graph.add_node("Add", {y, side(3)})})
        corners.push_back(graph.add_node("Unsqueeze", {corner, graph.add_integers({1})}));
    graph.rename(graph.add_node("Concat", corners, {{"axis", {1}, {}, true}}), "boxes");
}

}  // namespace

Bytes export_onnx(const WeightMap& weights, const NetworkShape& shape) {
    OnnxGraph graph("lucerna-detector");
    Layers layers(graph, weights);
    const std::string image = graph.add_input("image", {1, 1, -1, -1});
    const Maps maps = add_network(layers, graph, image, shape);
    add_image_score(layers, graph, maps, shape);
    const std::string cells = add_peaks(layers, graph, maps);
    add_boxes(layers, graph, maps, cells);
    const std::string malignant =
        layers.reshaped(graph.add_node("Sigmoid", {maps.malignancy}), {-1});
    const std::string of_cells = graph.add_node("Gather", {malignant, cells});
    graph.rename(graph.add_node("Mul", {of_cells, "presence"}), "suspicion");
    graph.add_output("boxes", {-1, 4});
    graph.add_output("presence", {-1});
    graph.add_output("suspicion", {-1});
    graph.add_output("image_score", {1});
    return graph.serialised();
}

}  // namespace lucerna::learn
