"""Writes a YOLOv8 detector of 640 x 640 in the output layouts of other families: make_layouts.py MODEL FOLDER.

The boxes and scores are the same in each, so that each must have the accuracy of the original: `end2end` and those made from it
do the suppression in the graph; `best_class` is the original with all but an anchor's best class at 0, which is what YOLOX reads."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

source, folder = sys.argv[1], sys.argv[2]
SIDE, CLASSES, KEPT = 640, 80, 300


class Tail:
    def __init__(self):
        self.model = onnx.load(source)
        self.graph = self.model.graph
        self.raw = "tail_raw"  # [1, 84, 8400]
        for node in self.graph.node:
            for i, name in enumerate(node.output):
                if name == self.graph.output[0].name:
                    node.output[i] = self.raw
        self.count = 0

    def constant(self, value, kind=np.float32):
        self.count += 1
        name = f"tail_constant_{self.count}"
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def __call__(self, operator, *inputs, outputs=1, **attributes):
        self.count += 1
        names = [f"tail_{self.count}_{i}" for i in range(outputs)]
        self.graph.node.append(helper.make_node(operator, inputs, names, name=f"tail_{self.count}", **attributes))
        return names[0] if outputs == 1 else names

    def slice(self, x, start, end, axis):
        return self("Slice", x, *(self.constant([v], np.int64) for v in (start, end, axis)))

    def save(self, name, **outputs):
        del self.graph.output[:]
        for new, (old, shape) in outputs.items():
            self.graph.node.append(helper.make_node("Identity", [old], [new], name=f"tail_{new}"))
            self.graph.output.append(helper.make_tensor_value_info(new, TensorProto.FLOAT, shape))
        onnx.checker.check_model(self.model)
        onnx.save(self.model, f"{folder}/{name}.onnx")

    def rows(self):
        """[1, 8400, 4] centre-size boxes and [1, 8400, 80] scores."""
        rows = self("Transpose", self.raw, perm=[0, 2, 1])
        return self.slice(rows, 0, 4, 2), self.slice(rows, 4, 84, 2)

    def best_class(self, scores, axis):
        best = self("ReduceMax", scores, axes=[axis], keepdims=1)
        return self("Mul", scores, self("Cast", self("Equal", scores, best), to=TensorProto.FLOAT))

    def with_objectness(self, boxes, scores):
        ones = self.constant(np.ones((1, 8400, 1)))
        return self("Concat", boxes, ones, scores, axis=2)

    def suppressed(self):
        """The best 300 after suppression, [300, 6]: corners in pixels, score, class."""
        boxes, scores = self.rows()
        centre, half = self.slice(boxes, 0, 2, 2), self("Div", self.slice(boxes, 2, 4, 2), self.constant(2))
        corners = self("Concat", self("Sub", centre, half), self("Add", centre, half), axis=2)
        by_class = self("Transpose", scores, perm=[0, 2, 1])
        chosen = self("NonMaxSuppression", corners, by_class, self.constant([KEPT], np.int64), self.constant([0.7]),
                      self.constant([0.001]))
        label, anchor = self.slice(chosen, 1, 2, 1), self.slice(chosen, 2, 3, 1)
        anchor_of = self("Squeeze", anchor, self.constant([1], np.int64))
        box = self("Gather", self("Squeeze", corners, self.constant([0], np.int64)), anchor_of, axis=0)
        score = self("GatherND", self("Squeeze", by_class, self.constant([0], np.int64)),
                     self("Concat", label, anchor, axis=1))
        score = self("Unsqueeze", score, self.constant([1], np.int64))
        found = self("Concat", box, score, self("Cast", label, to=TensorProto.FLOAT), axis=1)
        found = self("Concat", found, self.constant(np.zeros((KEPT, 6))), axis=0)
        scores = self("Squeeze", self.slice(found, 4, 5, 1), self.constant([1], np.int64))
        _, order = self("TopK", scores, self.constant([KEPT], np.int64), outputs=2)
        return self("Gather", found, order, axis=0)

    def queries(self):
        """[1, 300, 4] centre-size boxes in fractions and [1, 300, 80] scores, one above 0 each."""
        rows = self.suppressed()
        low, high = self.slice(rows, 0, 2, 1), self.slice(rows, 2, 4, 1)
        boxes = self("Concat", self("Div", self("Add", low, high), self.constant(2 * SIDE)),
                     self("Div", self("Sub", high, low), self.constant(SIDE)), axis=1)
        same = self("Equal", self.slice(rows, 5, 6, 1), self.constant(np.arange(CLASSES)[None]))
        scores = self("Mul", self.slice(rows, 4, 5, 1), self("Cast", same, to=TensorProto.FLOAT))
        first = self.constant([0], np.int64)
        return self("Unsqueeze", boxes, first), self("Unsqueeze", scores, first)


tail = Tail()
best = tail("Concat", tail.slice(tail.raw, 0, 4, 1), tail.best_class(tail.slice(tail.raw, 4, 84, 1), 1), axis=1)
tail.save("best_class", output0=(best, [1, 84, 8400]))

tail = Tail()
rows = tail.with_objectness(*tail.rows())
empty = tail.constant(np.zeros((1, 16800, 85)))
tail.save("yolov5", output=(tail("Concat", rows, empty, axis=1), [1, 25200, 85]))

tail = Tail()
tail.save("yolox_decoded", output=(tail.with_objectness(*tail.rows()), [1, 8400, 85]))

tail = Tail()
cells, strides = [], []
for stride in (8, 16, 32):
    side = SIDE // stride
    y, x = np.mgrid[:side, :side]
    cells.append(np.stack([x.ravel(), y.ravel()], 1))
    strides.append(np.full((side * side, 1), stride))
boxes, scores = tail.rows()
stride = tail.constant(np.concatenate(strides)[None])
centre = tail("Sub", tail("Div", tail.slice(boxes, 0, 2, 2), stride), tail.constant(np.concatenate(cells)[None]))
size = tail("Log", tail("Div", tail.slice(boxes, 2, 4, 2), stride))
tail.save("yolox", output=(tail.with_objectness(tail("Concat", centre, size, axis=2), scores), [1, 8400, 85]))

tail = Tail()
tail.save("end2end", output0=(tail("Unsqueeze", tail.suppressed(), tail.constant([0], np.int64)), [1, KEPT, 6]))

tail = Tail()
boxes, scores = tail.queries()
tail.save("detr_scores", output0=(tail("Concat", boxes, scores, axis=2), [1, KEPT, 84]))

tail = Tail()
boxes, scores = tail.queries()
share = tail("Clip", scores, tail.constant(1e-6), tail.constant(1 - 1e-6))
logits = tail("Log", tail("Div", share, tail("Sub", tail.constant(1), share)))
tail.save("rtdetr", pred_boxes=(boxes, [1, KEPT, 4]), logits=(logits, [1, KEPT, CLASSES]))

tail = Tail()
boxes, scores = tail.queries()
nothing = tail("Sub", tail.constant(1), tail("ReduceSum", scores, tail.constant([2], np.int64), keepdims=1))
share = tail("Clip", tail("Concat", scores, nothing, axis=2), tail.constant(1e-12), tail.constant(1))
tail.save("detr", logits=(tail("Log", share), [1, KEPT, CLASSES + 1]), pred_boxes=(boxes, [1, KEPT, 4]))

for name, first in (("ssd", 0), ("ssd_from_1", 1)):
    tail = Tail()
    rows = tail("Unsqueeze", tail.suppressed(), tail.constant([0], np.int64))
    sides = [tail("Div", tail.slice(rows, i, i + 1, 2), tail.constant(SIDE)) for i in (1, 0, 3, 2)]
    flat = lambda i: tail("Squeeze", tail.slice(rows, i, i + 1, 2), tail.constant([2], np.int64))
    tail.save(name, num_detections=(tail.constant([KEPT]), [1]), detection_boxes=(tail("Concat", *sides, axis=2), [1, KEPT, 4]),
              detection_scores=(flat(4), [1, KEPT]),
              detection_classes=(tail("Add", flat(5), tail.constant(first)), [1, KEPT]))
