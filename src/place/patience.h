#pragma once

#include <cstddef>
#include <optional>

namespace tamis {

/// How long to wait for a worker's answer: far beyond what the work should take, so that only a
/// hang gets there. All that the functions below give is multiplied by TAMIS_PATIENCE (default 1).
struct Patience {
  double limit_s = 0;
  std::optional<double> expected_s;  ///< what the limit was derived from, for the message

  Patience(double seconds) : limit_s(seconds) {}  // NOLINT(google-explicit-constructor)
  Patience(double limit, double expected) : limit_s(limit), expected_s(expected) {}
};

/// Reading and describing a model, which takes seconds: a small file can ask for work without end.
Patience patience_to_inspect();
/// Opening a model of which nothing is known: it may have to be compiled.
Patience patience_to_open();
/// Opening it again, where that took `before_s`.
Patience patience_to_open(double before_s);
/// Running `count` items of which one takes about `item_s`, reading and preparing included.
Patience patience_for_items(std::size_t count, double item_s);
/// Building an artefact: calibration items through a model that takes about `inference_s` each,
/// again and again and with every tensor observed.
Patience patience_to_build(std::size_t items, double inference_s);

/// One inference in f32 by a model's multiply-accumulates, on the slow side, for where nothing was
/// measured. 0: they are not known.
double guessed_inference_s(double macs);

}  // namespace tamis
