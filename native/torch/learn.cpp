// Autograd and Adam.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "handle.h"

int32_t magn_backward(tensor loss, char* err, len errlen) {
  return guarded(err, errlen, [&] { at_handle(loss).backward(); });
}

// Gradients of the sum of `of` with respect to each of `to`; the graph is kept.
int32_t magn_gradients(tensor of, const tensor* to, int64_t n, tensor* outs, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    std::vector<at::Tensor> inputs;
    for (int64_t i = 0; i < n; i++) inputs.push_back(at_handle(to[i]));
    c10::AutoGradMode grad(true);
    auto grads = torch::autograd::grad({at_handle(of).sum()}, inputs, {}, true, false, false);
    for (int64_t i = 0; i < n; i++) outs[i] = to_handle(grads[i]);
  });
}

namespace {

// One pass over memory for each parameter, where separate tensor operations
// would make nine.
template <class T>
void adam_pass(T* p, const T* g, T* m, T* v, int64_t n, T beta1, T beta2, T step_size, T root_bias2, T eps) {
  at::parallel_for(0, n, 1 << 15, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      p[i] -= step_size * m[i] / (std::sqrt(v[i]) / root_bias2 + eps);
    }
  });
}

}  // namespace

// Kingma & Ba 2015, in the form and order of torch.optim.Adam. m and v have the
// layout of their parameter. A parameter without a gradient is left alone.
int32_t magn_adam(const tensor* params, const tensor* ms, const tensor* vs, int64_t n, int64_t step, double lr, double beta1, double beta2, double eps, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    c10::AutoGradMode no_grad(false);
    double bias1 = 1 - std::pow(beta1, step), bias2 = 1 - std::pow(beta2, step);
    double step_size = lr / bias1, root_bias2 = std::sqrt(bias2);
    for (int64_t i = 0; i < n; i++) {
      auto &p = at_handle(params[i]), &m = at_handle(ms[i]), &v = at_handle(vs[i]);
      auto g = p.grad();
      if (!g.defined()) continue;
      if (g.strides() != p.strides()) {  // the gradient may come in another memory format
        auto same = at::empty_strided(p.sizes(), p.strides(), p.options());
        g = same.copy_(g);
      }
      TORCH_CHECK(m.strides() == p.strides() && v.strides() == p.strides(), "adam: moments and parameter differ in layout");
      if (p.device().is_cpu() && p.is_non_overlapping_and_dense() && p.scalar_type() == at::kFloat) {
        adam_pass<float>(p.data_ptr<float>(), g.data_ptr<float>(), m.data_ptr<float>(), v.data_ptr<float>(), p.numel(), beta1, beta2, step_size, root_bias2, eps);
      } else if (p.device().is_cpu() && p.is_non_overlapping_and_dense() && p.scalar_type() == at::kDouble) {
        adam_pass<double>(p.data_ptr<double>(), g.data_ptr<double>(), m.data_ptr<double>(), v.data_ptr<double>(), p.numel(), beta1, beta2, step_size, root_bias2, eps);
      } else {
        m.mul_(beta1).add_(g, 1 - beta1);
        v.mul_(beta2).addcmul_(g, g, 1 - beta2);
        p.addcdiv_(m, v.sqrt().div_(root_bias2).add_(eps), -step_size);
      }
    }
  });
}
