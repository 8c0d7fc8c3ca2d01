#include "result/run_document.h"

#include <fmt/format.h>

#include "result/keys.h"

namespace tamis {
namespace {

constexpr JsonField<LoadRow> kLoad[] = {
    known<&LoadRow::in_flight>(keys::in_flight),
    known<&LoadRow::batch>(keys::batch),
    needed<&LoadRow::images_per_s>(keys::images_per_s),
};

constexpr JsonField<OriginalRow> kOriginal[] = {
    known<&OriginalRow::path>(keys::path),
    known<&OriginalRow::hash>(keys::hash),
};

constexpr JsonField<RunDocument> kRun[] = {
    needed<&RunDocument::schema>(keys::schema),
    known<&RunDocument::model>(keys::model),
    known<&RunDocument::name>(keys::name),
    known<&RunDocument::recipe>(keys::recipe),
    known<&RunDocument::settings>(keys::settings),
    known<&RunDocument::load>("load"),
    known<&RunDocument::card>(keys::card),
    known<&RunDocument::io>("io"),
    known<&RunDocument::parent>("parent"),
    known<&RunDocument::tamis_version>(keys::tamis_version),
};

}  // namespace

std::span<const JsonField<LoadRow>> fields_of(const LoadRow*) { return kLoad; }
std::span<const JsonField<OriginalRow>> fields_of(const OriginalRow*) { return kOriginal; }
std::span<const JsonField<RunDocument>> fields_of(const RunDocument*) { return kRun; }

RunDocument read_run(const Json& document, std::string_view what) {
  constexpr std::string_view kPage = "docs/json.md";
  const JsonNode root(document, what, kPage);
  const JsonNode schema = root[keys::schema];
  if (!schema.present() || schema.text() != kRunSchema)
    schema.refuse(fmt::format("\"{}\"", kRunSchema));
  return read_document<RunDocument>(document, what, kPage);
}

}  // namespace tamis
