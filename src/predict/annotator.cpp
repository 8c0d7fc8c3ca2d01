#include "predict/annotator.h"

#include <utility>

#include "data/encode.h"
#include "predict/annotate.h"

namespace tamis {
namespace {

constexpr int kQuality = 92;
constexpr int kGap = 8;  // pixels between two models' images

}  // namespace

Annotator::Annotator(AnnotationSpec spec)
    : spec_(std::move(spec)), dataset_(open_dataset(spec_.images.data.value())) {}

AnnotatedImage Annotator::annotate(std::size_t item, const std::vector<ItemRecord>& records) const {
  const Picture picture = dataset_->load_picture(item);
  Picture drawn;
  for (std::size_t i = 0; i < records.size(); ++i) {
    Picture one =
        tamis::annotate(picture, spec_.cards.at(i), records[i].prediction, spec_.min_score);
    if (records.size() > 1) one = with_title(one, spec_.titles.at(i));
    drawn = i == 0 ? std::move(one) : side_by_side(drawn, one, kGap);
  }
  return {encode_jpeg(drawn, kQuality), picture.size()};
}

}  // namespace tamis
