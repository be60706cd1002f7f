#include <cmath>

#include "bf16.h"
#include "handle.h"
#include "norm.h"
#include "pool.h"

// With one thread and fewer than 16 pictures libtorch leaves oneDNN for its own,
// slower convolution. Where no gradient is wanted, oneDNN can be asked by name: for
// what at::conv2d would not refuse.
static bool onednn_fits(const at::Tensor& x, const at::Tensor& w, int64_t pad, int64_t dilation) {
  if (!at::hasMKLDNN() || !x.device().is_cpu() || !w.device().is_cpu() || x.scalar_type() != at::kFloat || w.scalar_type() != at::kFloat) return false;
  if (x.dim() != 4 || w.dim() != 4 || x.numel() == 0 || x.size(1) != w.size(1)) return false;
  for (int64_t d : {2, 3})
    if (x.size(d) + 2 * pad <= dilation * (w.size(d) - 1)) return false;
  return true;
}

int32_t magn_conv2d(tensor x, tensor w, int64_t stride, int64_t pad, int64_t dilation, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] {
    auto xs = at_handle(x), ws = at_handle(w);
    if (mode & MAGN_BF16) xs = xs.to(at::kBFloat16), ws = ws.to(at::kBFloat16);
    if ((mode & MAGN_GRAD) == 0 && onednn_fits(xs, ws, pad, dilation))
      return at::mkldnn_convolution(xs, ws, {}, {pad, pad}, {stride, stride}, {dilation, dilation}, 1);
    return at::conv2d(xs, ws, {}, {stride, stride}, {pad, pad}, {dilation, dilation});
  });
}

// The sum and the ReLU are done in place: batch norm's backward needs its input
// and not its output, so nothing is overwritten that is still wanted.
int32_t magn_batch_norm(tensor x, const tensor* p, tensor residual, int64_t relu, int64_t training, double momentum, double eps, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] {
    auto skip = residual != 0 ? at_handle(residual) : at::Tensor();
    if (norm_act_fits(at_handle(x), at_handle(p[0]), skip)) {
      if (training == 0 && (mode & MAGN_GRAD) == 0)
        return norm_act_eval(at_handle(x), at_handle(p[0]), at_handle(p[1]), at_handle(p[2]), at_handle(p[3]), skip, relu != 0, eps);
      if (training != 0)
        return norm_act(at_handle(x), at_handle(p[0]), at_handle(p[1]), at_handle(p[2]), at_handle(p[3]), skip, relu != 0, momentum, eps);
    }
    auto y = at::batch_norm(at_handle(x), at_handle(p[0]), at_handle(p[1]), at_handle(p[2]), at_handle(p[3]), training != 0, momentum, eps, true);
    if (skip.defined()) y = y.add_(skip);
    if (relu != 0) y = y.relu_();
    return y;
  });
}

int32_t magn_relu(tensor x, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at::relu(at_handle(x)); });
}

int32_t magn_max_pool(tensor x, int64_t kernel, int64_t stride, int64_t pad, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] {
    auto& t = at_handle(x);
    if (kernel == 3 && stride == 2 && pad == 1 && max_pool_fits(t)) return max_pool_3x3(t);
    return at::max_pool2d(t, {kernel, kernel}, {stride, stride}, {pad, pad});
  });
}

int32_t magn_linear(tensor x, tensor w, tensor b, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at::linear(at_handle(x), at_handle(w), at_handle(b)); });
}

// p_k = (1/r) log(mean_ij exp(r f_kij)), max-shifted by logsumexp, in full
// precision. [B,C,H,W] to [B,C]. Pinheiro & Collobert 2015.
int32_t magn_lse_pool(tensor x, double r, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] {
    auto f = full_precision(at_handle(x));
    TORCH_CHECK(f.dim() == 4, "lse_pool: found ", f.dim(), " dimensions, expected batch, channels, height, width");
    double n = static_cast<double>(f.size(2) * f.size(3));
    return (at::logsumexp(f.mul(r).flatten(2), {2}) - std::log(n)) / r;
  });
}

// sum_k w_k f_k in full precision: [B,C,H,W] and [C] to [B,H,W].
int32_t magn_channel_sum(tensor x, tensor w, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] {
    auto f = full_precision(at_handle(x));
    return f.permute({0, 2, 3, 1}).matmul(at_handle(w));
  });
}

// Bilinear, corners not aligned: [B,h,w] to [B,H,W].
int32_t magn_upsample(tensor x, int64_t h, int64_t w, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at::upsample_bilinear2d(at_handle(x).unsqueeze(1), {h, w}, false).squeeze(1); });
}

int32_t magn_bce(tensor logits, tensor targets, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at::binary_cross_entropy_with_logits(at_handle(logits), at_handle(targets), {}, {}, at::Reduction::Mean); });
}

int32_t magn_add(tensor a, tensor b, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at_handle(a) + at_handle(b); });
}

int32_t magn_sub(tensor a, tensor b, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at_handle(a) - at_handle(b); });
}

int32_t magn_mul(tensor a, tensor b, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at_handle(a) * at_handle(b); });
}

int32_t magn_div(tensor a, tensor b, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at_handle(a) / at_handle(b); });
}

int32_t magn_affine(tensor a, double scale, double shift, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at_handle(a) * scale + shift; });
}

int32_t magn_sigmoid(tensor a, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at::sigmoid(at_handle(a)); });
}

int32_t magn_greater(tensor a, double value, tensor* out, char* err, len errlen) {
  return op(0, out, err, errlen, [&] {
    auto& t = at_handle(a);
    return t.gt(value).to(t.scalar_type());
  });
}

int32_t magn_sum(tensor a, const int64_t* dims, int64_t n, int64_t keep, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at_handle(a).sum(at::IntArrayRef(dims, n), keep != 0); });
}

int32_t magn_amin(tensor a, const int64_t* dims, int64_t n, int64_t keep, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at_handle(a).amin(at::IntArrayRef(dims, n), keep != 0); });
}

int32_t magn_amax(tensor a, const int64_t* dims, int64_t n, int64_t keep, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at_handle(a).amax(at::IntArrayRef(dims, n), keep != 0); });
}
