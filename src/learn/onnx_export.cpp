#include "learn/onnx_export.h"

#include <limits>

#include "learn/onnx_layers.h"

namespace lucerna::learn {
namespace {

constexpr std::int64_t kSamples = std::int64_t{kLookSize} * kLookSamples;
/// Stands where a cell is no peak: its presence becomes 0.
constexpr double kNoPeak = -1e4;

/// What the finder says, as names of values.
struct Found {
    std::string presence;
    std::string distances;
    std::string context;
};

Found add_finder(OnnxLayers& net, const std::string& image, const NetworkShape& shape) {
    const Trunk trunk(shape.trunk, kDeepStages);
    const std::string seen = net.pooled(image, "AveragePool", kFinderShrink, kFinderShrink, 0);
    const auto features = net.trunk(seen, "finder", trunk->layers(), kShallowStages);
    const std::string up = net.doubled(net.conv(features.deep, "deep"));
    std::string merged = net.relu(net.node("Add", {net.conv(features.shallow, "shallow"), up}));
    merged = net.relu(net.conv(merged, "merge"));
    merged = net.relu(net.conv(merged, "locate"));
    const std::string around = net.relu(net.conv(features.deep, "around"));
    const std::string summary = net.joined(
        {net.node("GlobalMaxPool", {around}), net.node("GlobalAveragePool", {around})}, 1);
    Found found;
    found.presence = net.conv(merged, "presence");
    found.distances = net.conv(merged, "distances");
    found.context = net.reshaped(
        net.linear(net.reshaped(summary, {1, 2 * std::int64_t{shape.merged}}), "context"), {1});
    return found;
}

/// Where the finder looks twice: logits and cell numbers of the highest peaks.
struct Peaks {
    std::string logits;
    std::string cells;
};

Peaks add_peaks(OnnxLayers& net, OnnxGraph& graph, const Found& found) {
    const std::string highest =
        net.pooled(found.presence, "MaxPool", kPeakWindow, 1, kPeakWindow / 2);
    const std::string peaks = net.node("Where", {net.node("Equal", {found.presence, highest}),
                                                 found.presence, net.number(kNoPeak)});
    const std::string flat = net.reshaped(peaks, {-1});
    const std::string count =
        net.node("Min", {graph.add_integer(kCandidates), net.node("Size", {flat})});
    const auto top =
        graph.add_node("TopK", {flat, net.reshaped(count, {1})}, {{"axis", {0}, {}, true}}, 2);
    return {top[0], top[1]};
}

/// K x 4: left, top, right, bottom of each peak's box.
std::string add_boxes(OnnxLayers& net, OnnxGraph& graph, const Found& found,
                      const std::string& cells) {
    const std::string columns = net.picked(net.node("Shape", {found.presence}), 3, 0);
    const auto middle = [&](const std::string& index) {
        const std::string number = graph.add_node("Cast", {index}, {{"to", {1}, {}, true}});
        return net.node("Mul", {net.node("Add", {number, net.number(0.5)}), net.number(kStride)});
    };
    const std::string x = middle(net.node("Mod", {cells, columns}));
    const std::string y = middle(net.node("Div", {cells, columns}));
    const std::string of_cells = graph.add_node(
        "Gather", {net.reshaped(found.distances, {4, -1}), cells}, {{"axis", {1}, {}, true}});
    const std::string limited =
        net.node("Clip", {of_cells, net.number(-kLogDistanceLimit), net.number(kLogDistanceLimit)});
    const std::string sides =
        net.node("Mul", {net.node("Exp", {limited}), net.number(kDistanceUnit)});
    const auto side = [&](std::int64_t which) { return net.picked(sides, which, 0); };
    std::vector<std::string> corners;
    for (const std::string& corner : {net.node("Sub", {x, side(0)}), net.node("Sub", {y, side(1)}),
                                      net.node("Add", {x, side(2)}), net.node("Add", {y, side(3)})})
        corners.push_back(net.with_axis(corner, 1));
    const std::string boxes = net.joined(corners, 1);
    graph.rename(boxes, "boxes");
    return "boxes";
}

/// K x S: where the samples of each look lie along one axis, in -1..1 of the picture.
std::string add_axis(OnnxLayers& net, OnnxGraph& graph, const std::string& boxes,
                     const std::string& side, const std::string& image, std::int64_t axis) {
    Weights steps{{kSamples}, {}};
    for (std::int64_t i = 0; i < kSamples; ++i)
        steps.values.push_back(static_cast<float>(
            (static_cast<double>(i) + 0.5) / static_cast<double>(kSamples) - 0.5));
    const std::string offsets = graph.add_weights("look_steps_" + std::to_string(axis), steps);
    const std::string sum =
        net.node("Add", {net.picked(boxes, axis, 1), net.picked(boxes, axis + 2, 1)});
    const std::string centre = net.with_axis(net.node("Mul", {sum, net.number(0.5)}), 1);
    const std::string pixels =
        net.node("Add", {centre, net.node("Mul", {net.with_axis(side, 1), offsets})});
    // Axis 0 of a box is x, the picture's last.
    const std::string extent = graph.add_node(
        "Cast", {net.picked(net.node("Shape", {image}), 3 - axis, 0)}, {{"to", {1}, {}, true}});
    return net.node("Sub", {net.node("Div", {net.node("Mul", {pixels, net.number(2)}), extent}),
                            net.number(1)});
}

/// The looks at the boxes, as they are and then upside down: 2K x 1 x kLookSize x kLookSize.
std::string add_looks(OnnxLayers& net, OnnxGraph& graph, const std::string& image,
                      const std::string& boxes) {
    const auto extent = [&](std::int64_t axis) {
        return net.node("Sub", {net.picked(boxes, axis + 2, 1), net.picked(boxes, axis, 1)});
    };
    const std::string longer = net.node("Max", {extent(0), extent(1)});
    const std::string side = net.node(
        "Max", {net.node("Mul", {longer, net.number(kLookMargin)}), net.number(kLeastLook)});
    // Broadcast to K x S x S, then x and y beside one another.
    const std::string x = net.with_axis(add_axis(net, graph, boxes, side, image, 0), 1);
    const std::string y = net.with_axis(add_axis(net, graph, boxes, side, image, 1), 2);
    const std::string none = net.node("Mul", {net.node("Add", {x, y}), net.number(0)});
    const std::string grid = net.joined({net.with_axis(net.node("Add", {x, none}), 3),
                                         net.with_axis(net.node("Add", {y, none}), 3)},
                                        3);
    const std::string samples =
        graph.add_node("GridSample", {image, net.reshaped(grid, {1, -1, kSamples, 2})},
                       {{"mode", {}, "bilinear", false},
                        {"padding_mode", {}, "zeros", false},
                        {"align_corners", {0}, {}, true}});
    const std::string looks = net.pooled(net.reshaped(samples, {-1, 1, kSamples, kSamples}),
                                         "AveragePool", kLookSamples, kLookSamples, 0);
    const std::string turned =
        net.node("Slice", {looks, graph.add_integers({-1}),
                           graph.add_integers({std::numeric_limits<std::int64_t>::min()}),
                           graph.add_integers({2}), graph.add_integers({-1})});
    return net.joined({looks, turned}, 0);
}

/// The judge's logits of the looks: K x 2, presence and malignancy.
std::string add_judge(OnnxLayers& net, OnnxGraph& graph, const std::string& looks,
                      const NetworkShape& shape) {
    const Trunk trunk(shape.trunk, shape.trunk.stages.size());
    const auto features = net.trunk(looks, "judge", trunk->layers(), kShallowStages);
    const std::string flat = graph.add_node(
        "Flatten", {net.node("GlobalAveragePool", {features.deep})}, {{"axis", {1}, {}, true}});
    const std::string both = net.reshaped(net.linear(flat, "opinion"), {2, -1, 2});
    return graph.add_node("ReduceMean", {both},
                          {{"axes", {0}, {}, false}, {"keepdims", {0}, {}, true}});
}

void add_scores(OnnxLayers& net, OnnxGraph& graph, const Found& found, const Peaks& peaks,
                const std::string& opinion, const Blend& blend) {
    const auto times = [&](const std::string& x, double by) {
        return net.node("Mul", {x, net.number(by)});
    };
    const auto sum = [&](const std::string& x) {
        return graph.add_node("ReduceSum", {x}, {{"keepdims", {0}, {}, true}});
    };
    const std::string malignancy = net.picked(opinion, 1, 1);
    const std::string logit =
        net.node("Add", {net.node("Add", {times(peaks.logits, blend.found),
                                          times(net.picked(opinion, 0, 1), blend.looked)}),
                         net.number(blend.presence_bias)});
    const std::string presence = net.node("Sigmoid", {logit});
    const std::string weighed =
        net.node("Add", {times(malignancy, blend.malignancy), net.number(blend.malignancy_bias)});
    const std::string suspicion = net.node("Mul", {presence, net.node("Sigmoid", {weighed})});

    const std::string highest =
        graph.add_node("ReduceMax", {suspicion}, {{"keepdims", {0}, {}, true}});
    const std::string top =
        net.node("Clip", {highest, net.number(kLeastSuspicion), net.number(1 - kLeastSuspicion)});
    const std::string top_logit =
        net.node("Log", {net.node("Div", {top, net.node("Sub", {net.number(1), top})})});
    const std::string weight = net.node("Mul", {presence, presence});
    const std::string mean =
        net.node("Div", {sum(net.node("Mul", {weight, malignancy})),
                         net.node("Add", {sum(weight), net.number(kLeastPresence)})});
    const std::string of_places =
        net.node("Add", {times(top_logit, blend.top), times(mean, blend.mean)});
    const std::string of_all =
        net.node("Add", {net.node("Add", {times(found.context, blend.context), of_places}),
                         net.number(blend.image_bias)});
    graph.rename(presence, "presence");
    graph.rename(suspicion, "suspicion");
    graph.rename(net.node("Sigmoid", {net.reshaped(of_all, {1})}), "image_score");
}

}  // namespace

Bytes export_onnx(const WeightMap& weights, const NetworkShape& shape, const Blend& blend) {
    OnnxGraph graph("lucerna-two-looks");
    OnnxLayers net(graph, weights);
    const std::string image = graph.add_input("image", {1, 1, -1, -1});
    const Found found = add_finder(net, image, shape);
    const Peaks peaks = add_peaks(net, graph, found);
    const std::string boxes = add_boxes(net, graph, found, peaks.cells);
    const std::string opinion = add_judge(net, graph, add_looks(net, graph, image, boxes), shape);
    add_scores(net, graph, found, peaks, opinion, blend);
    graph.add_output("boxes", {-1, 4});
    graph.add_output("presence", {-1});
    graph.add_output("suspicion", {-1});
    graph.add_output("image_score", {1});
    return graph.serialised();
}

}  // namespace lucerna::learn
