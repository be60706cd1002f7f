// The stem's max pooling, 3×3 with stride 2 and padding 1, for bf16 activations in
// channels-last memory on the CPU. libtorch's own took an eighth of a training
// step: it keeps 64-bit positions and scatters backward. Here a byte says which of
// the nine was largest, and the backward pass gathers.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "bf16.h"
#include "pool.h"

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// larger puts x where it is greater than best (or no number), and k beside it.
MAGN_CLONES void larger(const uint16_t* __restrict x, uint8_t k, int64_t c, uint16_t* __restrict best, uint8_t* __restrict which) {
  for (int64_t i = 0; i < c; i++) {
    float v = widen(x[i]), b = widen(best[i]);
    bool take = v > b || v != v;
    best[i] = take ? x[i] : best[i];
    which[i] = take ? k : which[i];
  }
}

MAGN_CLONES void gather(const uint16_t* __restrict g, const uint8_t* __restrict which, uint8_t k, int64_t c, float* __restrict sum) {
  for (int64_t i = 0; i < c; i++) sum[i] += which[i] == k ? widen(g[i]) : 0.0f;
}

MAGN_CLONES void narrow_row(const float* __restrict sum, int64_t c, uint16_t* __restrict out) {
  for (int64_t i = 0; i < c; i++) out[i] = narrow(sum[i]);
}

struct Pool : torch::autograd::Function<Pool> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x) {
    int64_t n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3), oh = (h + 1) / 2, ow = (w + 1) / 2;
    auto y = at::empty({n, c, oh, ow}, x.options(), at::MemoryFormat::ChannelsLast);
    auto which = at::empty({n, oh, ow, c}, x.options().dtype(at::kByte));
    const uint16_t* in = bits(x);
    uint16_t* out = bits(y);
    uint8_t* pos = which.data_ptr<uint8_t>();
    at::parallel_for(0, n * oh, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        int64_t image = row / oh, oy = row % oh;
        for (int64_t ox = 0; ox < ow; ox++) {
          uint16_t* best = out + (row * ow + ox) * c;
          uint8_t* mark = pos + (row * ow + ox) * c;
          bool first = true;
          for (int64_t ky = 0; ky < 3; ky++) {
            int64_t iy = 2 * oy - 1 + ky;
            if (iy < 0 || iy >= h) continue;
            for (int64_t kx = 0; kx < 3; kx++) {
              int64_t ix = 2 * ox - 1 + kx;
              if (ix < 0 || ix >= w) continue;
              const uint16_t* at = in + ((image * h + iy) * w + ix) * c;
              uint8_t k = static_cast<uint8_t>(3 * ky + kx);
              if (first) {
                std::memcpy(best, at, c * sizeof(uint16_t));
                std::memset(mark, k, c);
                first = false;
              } else {
                larger(at, k, c, best, mark);
              }
            }
          }
        }
      }
    });
    ctx->save_for_backward({which});
    ctx->saved_data["h"] = h;
    ctx->saved_data["w"] = w;
    return y;
  }

  static tensor_list backward(AutogradContext* ctx, tensor_list grads) {
    auto which = ctx->get_saved_variables()[0];
    auto g = grads[0].to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast);
    int64_t n = which.size(0), oh = which.size(1), ow = which.size(2), c = which.size(3);
    int64_t h = ctx->saved_data["h"].toInt(), w = ctx->saved_data["w"].toInt();
    auto dx = at::empty({n, c, h, w}, g.options(), at::MemoryFormat::ChannelsLast);
    const uint16_t* in = bits(g);
    const uint8_t* pos = which.data_ptr<uint8_t>();
    uint16_t* out = bits(dx);
    at::parallel_for(0, n * h, 1, [&](int64_t begin, int64_t end) {
      std::vector<float> sum(c);
      for (int64_t row = begin; row < end; row++) {
        int64_t image = row / h, iy = row % h;
        for (int64_t ix = 0; ix < w; ix++) {
          std::fill(sum.begin(), sum.end(), 0.0f);
          // Windows that hold row iy: their first row is 2·oy − 1.
          for (int64_t oy = iy / 2; oy <= (iy + 1) / 2 && oy < oh; oy++) {
            for (int64_t ox = ix / 2; ox <= (ix + 1) / 2 && ox < ow; ox++) {
              int64_t at = ((image * oh + oy) * ow + ox) * c;
              gather(in + at, pos + at, static_cast<uint8_t>(3 * (iy - 2 * oy + 1) + ix - 2 * ox + 1), c, sum.data());
            }
          }
          narrow_row(sum.data(), c, out + (row * w + ix) * c);
        }
      }
    });
    return {dx};
  }
};

}  // namespace

at::Tensor max_pool_3x3(const at::Tensor& x) { return Pool::apply(x); }
