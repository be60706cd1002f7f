// Batch norm in training, the sum with a residual and the ReLU in one function,
// for bf16 activations in channels-last memory on the CPU. As separate
// operations these pass over the activations thirteen times in a step; here they
// do nine. Statistics are fp32, shifted by the first row so that a mean far from
// zero costs no precision.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "bf16.h"
#include "norm.h"

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

constexpr int64_t kRows = 64;  // summed in fp32 before they join the totals

// sum[c] += Σ (x−k), sq[c] += Σ (x−k)² over rows of c channels.
MAGN_CLONES void moments(const uint16_t* __restrict x, const float* __restrict k, int64_t rows, int64_t c, float* __restrict sum, float* __restrict sq) {
  for (int64_t r = 0; r < rows; r++, x += c) {
    for (int64_t i = 0; i < c; i++) {
      float d = widen(x[i]) - k[i];
      sum[i] += d;
      sq[i] += d * d;
    }
  }
}

MAGN_CLONES void normalise(const uint16_t* __restrict x, const uint16_t* __restrict res, const float* __restrict scale, const float* __restrict shift, bool relu, int64_t rows, int64_t c, uint16_t* __restrict y) {
  float floor = relu ? 0.0f : -INFINITY;
  for (int64_t r = 0; r < rows; r++, x += c, y += c) {
    if (res != nullptr) {
      for (int64_t i = 0; i < c; i++) {
        // Rounded before the sum, as the separate operations do.
        float v = widen(narrow(widen(x[i]) * scale[i] + shift[i])) + widen(res[i]);
        y[i] = narrow(v < floor ? floor : v);
      }
      res += c;
    } else {
      for (int64_t i = 0; i < c; i++) {
        float v = widen(x[i]) * scale[i] + shift[i];
        y[i] = narrow(v < floor ? floor : v);
      }
    }
  }
}

// sg[c] += Σ g, sgx[c] += Σ g·(x−mean), where g counts only where y > 0 if y is given.
MAGN_CLONES void grad_moments(const uint16_t* __restrict g, const uint16_t* __restrict y, const uint16_t* __restrict x, const float* __restrict mean, int64_t rows, int64_t c, float* __restrict sg, float* __restrict sgx) {
  for (int64_t r = 0; r < rows; r++, g += c, x += c) {
    if (y != nullptr) {
      for (int64_t i = 0; i < c; i++) {
        float v = y[i] != 0 ? widen(g[i]) : 0.0f;  // after a ReLU y is 0 or positive
        sg[i] += v;
        sgx[i] += v * (widen(x[i]) - mean[i]);
      }
      y += c;
    } else {
      for (int64_t i = 0; i < c; i++) {
        float v = widen(g[i]);
        sg[i] += v;
        sgx[i] += v * (widen(x[i]) - mean[i]);
      }
    }
  }
}

// dx = a·g + b·x + d, and dres = g, with g masked as above.
MAGN_CLONES void grad_apply(const uint16_t* __restrict g, const uint16_t* __restrict y, const uint16_t* __restrict x, const float* __restrict a, const float* __restrict b, const float* __restrict d, int64_t rows, int64_t c, uint16_t* __restrict dx, uint16_t* __restrict dres) {
  for (int64_t r = 0; r < rows; r++, g += c, x += c, dx += c) {
    if (y != nullptr && dres != nullptr) {
      for (int64_t i = 0; i < c; i++) {
        uint16_t m = y[i] != 0 ? g[i] : 0;
        dres[i] = m;
        dx[i] = narrow(a[i] * widen(m) + b[i] * widen(x[i]) + d[i]);
      }
      y += c, dres += c;
    } else if (y != nullptr) {
      for (int64_t i = 0; i < c; i++) dx[i] = narrow(a[i] * (y[i] != 0 ? widen(g[i]) : 0.0f) + b[i] * widen(x[i]) + d[i]);
      y += c;
    } else {
      for (int64_t i = 0; i < c; i++) dx[i] = narrow(a[i] * widen(g[i]) + b[i] * widen(x[i]) + d[i]);
    }
  }
}

// two_sums runs f over blocks of rows and adds up its two sums per channel. Each
// thread takes a fixed share and the shares are added in order, so that a number
// of threads gives one result.
template <class F>
void two_sums(int64_t rows, int64_t c, std::vector<double>& s0, std::vector<double>& s1, F&& f) {
  int64_t parts = std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), rows / kRows));
  int64_t share = (rows + parts - 1) / parts;
  std::vector<std::vector<double>> t0(parts), t1(parts);
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> a(c), b(c);
    for (int64_t p = begin; p < end; p++) {
      t0[p].assign(c, 0), t1[p].assign(c, 0);
      int64_t last = std::min(rows, (p + 1) * share);
      for (int64_t r = p * share; r < last; r += kRows) {
        std::fill(a.begin(), a.end(), 0.0f), std::fill(b.begin(), b.end(), 0.0f);
        f(r, std::min(kRows, last - r), a.data(), b.data());
        for (int64_t i = 0; i < c; i++) t0[p][i] += a[i], t1[p][i] += b[i];
      }
    }
  });
  s0.assign(c, 0), s1.assign(c, 0);
  for (int64_t p = 0; p < parts; p++)
    for (int64_t i = 0; i < c; i++) s0[i] += t0[p][i], s1[i] += t1[p][i];
}

struct NormAct : torch::autograd::Function<NormAct> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& running_mean, const at::Tensor& running_var, const at::Tensor& residual, bool relu, double momentum, double eps) {
    int64_t c = x.size(1), rows = x.numel() / c;
    std::vector<float> k(c), scale(c), shift(c);
    for (int64_t i = 0; i < c; i++) k[i] = widen(bits(x)[i]);
    std::vector<double> sum, sq;
    two_sums(rows, c, sum, sq, [&](int64_t r, int64_t n, float* a, float* b) { moments(bits(x) + r * c, k.data(), n, c, a, b); });
    auto mean = at::empty({c}, weight.options()), invstd = at::empty({c}, weight.options());
    float *m = mean.data_ptr<float>(), *s = invstd.data_ptr<float>(), *rm = running_mean.data_ptr<float>(), *rv = running_var.data_ptr<float>();
    const float *w = weight.data_ptr<float>(), *b = bias.data_ptr<float>();
    for (int64_t i = 0; i < c; i++) {
      double d = sum[i] / rows, var = std::max(sq[i] / rows - d * d, 0.0);
      m[i] = static_cast<float>(k[i] + d);
      s[i] = static_cast<float>(1 / std::sqrt(var + eps));
      scale[i] = w[i] * s[i];
      shift[i] = b[i] - m[i] * scale[i];
      rm[i] = static_cast<float>((1 - momentum) * rm[i] + momentum * m[i]);
      rv[i] = static_cast<float>((1 - momentum) * rv[i] + momentum * var * rows / std::max<int64_t>(rows - 1, 1));
    }
    auto y = at::empty_like(x);
    const uint16_t* res = residual.numel() > 0 ? bits(residual) : nullptr;
    at::parallel_for(0, rows, kRows, [&](int64_t begin, int64_t end) {
      normalise(bits(x) + begin * c, res ? res + begin * c : nullptr, scale.data(), shift.data(), relu, end - begin, c, bits(y) + begin * c);
    });
    ctx->save_for_backward({x, relu ? y : at::Tensor(), weight, mean, invstd});
    ctx->saved_data["residual"] = res != nullptr;
    return y;
  }

  static tensor_list backward(AutogradContext* ctx, tensor_list grads) {
    auto saved = ctx->get_saved_variables();
    auto &x = saved[0], &y = saved[1], &weight = saved[2], &mean = saved[3], &invstd = saved[4];
    auto g = grads[0].to(at::kBFloat16).contiguous(at::MemoryFormat::ChannelsLast);
    int64_t c = x.size(1), rows = x.numel() / c;
    const uint16_t* yb = y.defined() ? bits(y) : nullptr;
    const float *m = mean.data_ptr<float>(), *s = invstd.data_ptr<float>(), *w = weight.data_ptr<float>();
    std::vector<double> sg, sgx;
    two_sums(rows, c, sg, sgx, [&](int64_t r, int64_t n, float* a, float* b) { grad_moments(bits(g) + r * c, yb ? yb + r * c : nullptr, bits(x) + r * c, m, n, c, a, b); });
    auto dw = at::empty_like(weight), db = at::empty_like(weight);
    std::vector<float> a(c), b(c), d(c);
    for (int64_t i = 0; i < c; i++) {
      dw.data_ptr<float>()[i] = static_cast<float>(sgx[i] * s[i]);
      db.data_ptr<float>()[i] = static_cast<float>(sg[i]);
      double scale = double(w[i]) * s[i], slope = sgx[i] * s[i] * s[i] / rows;
      a[i] = static_cast<float>(scale);
      b[i] = static_cast<float>(-scale * slope);
      d[i] = static_cast<float>(scale * (m[i] * slope - sg[i] / rows));
    }
    auto dx = at::empty_like(x);
    at::Tensor dres;
    if (ctx->saved_data["residual"].toBool()) dres = yb ? at::empty_like(x) : g;
    uint16_t* out = dres.defined() && yb ? bits(dres) : nullptr;
    at::parallel_for(0, rows, kRows, [&](int64_t begin, int64_t end) {
      int64_t o = begin * c;
      grad_apply(bits(g) + o, yb ? yb + o : nullptr, bits(x) + o, a.data(), b.data(), d.data(), end - begin, c, bits(dx) + o, out ? out + o : nullptr);
    });
    return {dx, dw, db, at::Tensor(), at::Tensor(), dres, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

bool norm_act_fits(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& residual) {
  return is_bf16_rows(x) && weight.scalar_type() == at::kFloat && (!residual.defined() || (is_bf16_rows(residual) && residual.sizes() == x.sizes()));
}

at::Tensor norm_act(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& running_mean, const at::Tensor& running_var, const at::Tensor& residual, bool relu, double momentum, double eps) {
  // An undefined tensor cannot go into apply: an empty one stands for none.
  return NormAct::apply(x, weight, bias, running_mean, running_var, residual.defined() ? residual : at::empty({0}, x.options()), relu, momentum, eps);
}

at::Tensor norm_act_eval(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& running_mean, const at::Tensor& running_var, const at::Tensor& residual, bool relu, double eps) {
  int64_t c = x.size(1), rows = x.numel() / c;
  std::vector<float> scale(c), shift(c);
  for (int64_t i = 0; i < c; i++) {
    scale[i] = static_cast<float>(weight.data_ptr<float>()[i] / std::sqrt(running_var.data_ptr<float>()[i] + eps));
    shift[i] = bias.data_ptr<float>()[i] - running_mean.data_ptr<float>()[i] * scale[i];
  }
  auto y = at::empty_like(x);
  const uint16_t* res = residual.defined() ? bits(residual) : nullptr;
  at::parallel_for(0, rows, kRows, [&](int64_t begin, int64_t end) {
    normalise(bits(x) + begin * c, res ? res + begin * c : nullptr, scale.data(), shift.data(), relu, end - begin, c, bits(y) + begin * c);
  });
  return y;
}
