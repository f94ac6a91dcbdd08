#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "learn/weights.h"

namespace lucerna::learn {

/// Builds an ONNX model (opset 16) node by node. Every `add_` returns the name of what it made.
class OnnxGraph {
  public:
    explicit OnnxGraph(const std::string& name);
    ~OnnxGraph();

    /// float32; -1 is a free extent.
    std::string add_input(const std::string& name, const std::vector<std::int64_t>& extents);
    void add_output(const std::string& name, const std::vector<std::int64_t>& extents);

    std::string add_weights(const std::string& name, const Weights& weights);
    std::string add_number(double value);
    std::string add_integers(const std::vector<std::int64_t>& values);
    /// A whole number without axes.
    std::string add_integer(std::int64_t value);

    struct Attribute {
        std::string name;
        std::vector<std::int64_t> integers;
        /// Used when not empty.
        std::string text;
        /// `integers` holds one number that is not a list.
        bool single = false;
    };
    std::string add_node(const std::string& operation, const std::vector<std::string>& inputs,
                         const std::vector<Attribute>& attributes = {});
    /// As above for operations with more than one output.
    std::vector<std::string> add_node(const std::string& operation,
                                      const std::vector<std::string>& inputs,
                                      const std::vector<Attribute>& attributes,
                                      std::size_t outputs);
    /// Gives a value the name that the outside knows.
    void rename(const std::string& value, const std::string& name);

    [[nodiscard]] Bytes serialised() const;

  private:
    struct Model;
    std::unique_ptr<Model> model_;
    int next_ = 0;
    std::string fresh(const std::string& stem);
};

}  // namespace lucerna::learn
