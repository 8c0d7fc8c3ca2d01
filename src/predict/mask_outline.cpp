#include "predict/mask_outline.h"

#include <array>
#include <cstdint>

namespace tamis {
namespace {

/// A mask as pixels in rows.
struct Grid {
  Size size;
  std::vector<std::uint8_t> inside;

  bool at(int x, int y) const {
    return x >= 0 && y >= 0 && x < size.width && y < size.height && inside[index(x, y)] != 0;
  }
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width) +
           static_cast<std::size_t>(x);
  }
};

Grid grid_of(const Mask& mask) {
  Grid grid{mask.size, std::vector<std::uint8_t>(static_cast<std::size_t>(mask.size.height) *
                                                 static_cast<std::size_t>(mask.size.width))};
  std::size_t pixel = 0;  // column after column
  const auto height = static_cast<std::size_t>(mask.size.height);
  for (std::size_t run = 0; run < mask.runs.size(); ++run)
    for (std::uint32_t k = 0; k < mask.runs[run]; ++k, ++pixel)
      if (run % 2 == 1)
        grid.inside[grid.index(static_cast<int>(pixel / height),
                               static_cast<int>(pixel % height))] = 1;
  return grid;
}

/// Keeps of the grid only its largest region of pixels that share an edge.
Grid largest_region(const Grid& grid) {
  std::vector<int> region(grid.inside.size(), 0);
  int best = 0, count = 0;
  std::size_t best_size = 0;
  std::vector<std::pair<int, int>> open;
  for (int y = 0; y < grid.size.height; ++y)
    for (int x = 0; x < grid.size.width; ++x) {
      if (!grid.at(x, y) || region[grid.index(x, y)] != 0) continue;
      std::size_t size = 0;
      region[grid.index(x, y)] = ++count;
      open.assign(1, {x, y});
      while (!open.empty()) {
        const auto [px, py] = open.back();
        open.pop_back();
        ++size;
        constexpr std::array<std::pair<int, int>, 4> kNext{{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}};
        for (const auto& [dx, dy] : kNext)
          if (grid.at(px + dx, py + dy) && region[grid.index(px + dx, py + dy)] == 0) {
            region[grid.index(px + dx, py + dy)] = count;
            open.push_back({px + dx, py + dy});
          }
      }
      if (size > best_size) {
        best_size = size;
        best = count;
      }
    }
  Grid largest{grid.size, std::vector<std::uint8_t>(grid.inside.size())};
  for (std::size_t i = 0; i < region.size(); ++i)
    largest.inside[i] = best != 0 && region[i] == best;
  return largest;
}

/// Directions along pixel edges, clockwise with y down.
constexpr std::array<std::pair<int, int>, 4> kSteps{{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}};

/// Whether the edge that leaves the corner (x, y) in this direction has the region on its right.
bool is_border(const Grid& grid, int x, int y, std::size_t direction) {
  // The pixels to the right and to the left of that edge.
  constexpr std::array<std::pair<int, int>, 4> kRight{{{0, 0}, {-1, 0}, {-1, -1}, {0, -1}}};
  constexpr std::array<std::pair<int, int>, 4> kLeft{{{0, -1}, {0, 0}, {-1, 0}, {-1, -1}}};
  const auto [rx, ry] = kRight[direction];
  const auto [lx, ly] = kLeft[direction];
  return grid.at(x + rx, y + ry) && !grid.at(x + lx, y + ly);
}

}  // namespace

std::vector<std::pair<double, double>> mask_outline(const Mask& mask) {
  const Grid grid = largest_region(grid_of(mask));
  int x = 0, y = 0;
  bool found = false;
  for (y = 0; y < grid.size.height && !found; ++y)
    for (x = 0; x < grid.size.width && !found; ++x) found = grid.at(x, y);
  if (!found) return {};
  const int start_x = --x, start_y = --y;
  std::vector<std::pair<double, double>> corners;
  std::size_t direction = 0;  // along the top edge of the first pixel
  std::size_t last = 3;
  do {
    if (direction != last) corners.emplace_back(x, y);
    last = direction;
    x += kSteps[direction].first;
    y += kSteps[direction].second;
    // Rightmost first, so that pixels that touch at a corner alone are two regions.
    for (const std::size_t turn : {1, 0, 3})
      if (is_border(grid, x, y, (direction + turn) % 4)) {
        direction = (direction + turn) % 4;
        break;
      }
  } while (x != start_x || y != start_y || direction != 0);
  return corners;
}

}  // namespace tamis
