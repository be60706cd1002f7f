// The stem's max pooling, 3×3 with stride 2 and padding 1, for bf16 and fp32
// activations in channels-last memory on the CPU. libtorch's own took an eighth of
// a training step in bf16: it keeps 64-bit positions, and its input, and scatters
// backward. Here a byte says which of the nine was largest, and the backward pass
// gathers. T is how an element is stored.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "bf16.h"
#include "pool.h"

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

// larger puts x where it is greater than best (or no number), and k beside it.
#define MAGN_LARGER(T)                                                                                                                   \
  MAGN_CLONES void larger(const T* __restrict x, uint8_t k, int64_t c, T* __restrict best, uint8_t* __restrict which) { \
    for (int64_t i = 0; i < c; i++) {                                                                                                   \
      float v = widen(x[i]), b = widen(best[i]);                                                                                        \
      bool take = v > b || v != v;                                                                                                      \
      best[i] = take ? x[i] : best[i];                                                                                                  \
      which[i] = take ? k : which[i];                                                                                                   \
    }                                                                                                                                   \
  }                                                                                                                                     \
  MAGN_CLONES void gather(const T* __restrict g, const uint8_t* __restrict which, uint8_t k, int64_t c, float* __restrict sum) {        \
    for (int64_t i = 0; i < c; i++) sum[i] += which[i] == k ? widen(g[i]) : 0.0f;                                                       \
  }

// Function versions by processor cannot be templates.
MAGN_LARGER(uint16_t)
MAGN_LARGER(float)

MAGN_CLONES void narrow_row(const float* __restrict sum, int64_t c, uint16_t* __restrict out) {
  for (int64_t i = 0; i < c; i++) out[i] = narrow(sum[i]);
}

void narrow_row(const float* sum, int64_t c, float* out) { std::memcpy(out, sum, c * sizeof(float)); }

template <class T>
struct Pool : torch::autograd::Function<Pool<T>> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x) {
    int64_t n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3), oh = (h + 1) / 2, ow = (w + 1) / 2;
    auto y = at::empty({n, c, oh, ow}, x.options(), at::MemoryFormat::ChannelsLast);
    auto which = at::empty({n, oh, ow, c}, x.options().dtype(at::kByte));
    const T* in = stored<T>(x);
    T* out = stored<T>(y);
    uint8_t* pos = which.data_ptr<uint8_t>();
    at::parallel_for(0, n * oh, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; row++) {
        int64_t image = row / oh, oy = row % oh;
        for (int64_t ox = 0; ox < ow; ox++) {
          T* best = out + (row * ow + ox) * c;
          uint8_t* mark = pos + (row * ow + ox) * c;
          bool first = true;
          for (int64_t ky = 0; ky < 3; ky++) {
            int64_t iy = 2 * oy - 1 + ky;
            if (iy < 0 || iy >= h) continue;
            for (int64_t kx = 0; kx < 3; kx++) {
              int64_t ix = 2 * ox - 1 + kx;
              if (ix < 0 || ix >= w) continue;
              const T* at = in + ((image * h + iy) * w + ix) * c;
              uint8_t k = static_cast<uint8_t>(3 * ky + kx);
              if (first) {
                std::memcpy(best, at, c * sizeof(T));
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
    auto g = grads[0].to(sizeof(T) == 2 ? at::kBFloat16 : at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
    int64_t n = which.size(0), oh = which.size(1), ow = which.size(2), c = which.size(3);
    int64_t h = ctx->saved_data["h"].toInt(), w = ctx->saved_data["w"].toInt();
    auto dx = at::empty({n, c, h, w}, g.options(), at::MemoryFormat::ChannelsLast);
    const T* in = stored<T>(g);
    const uint8_t* pos = which.data_ptr<uint8_t>();
    T* out = stored<T>(dx);
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

bool max_pool_fits(const at::Tensor& x) { return is_rows(x) && (x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kFloat); }

at::Tensor max_pool_3x3(const at::Tensor& x) { return x.scalar_type() == at::kFloat ? Pool<float>::apply(x) : Pool<uint16_t>::apply(x); }
