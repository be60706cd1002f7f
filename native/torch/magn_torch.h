// A small C interface over libtorch: tensors, the operations MAGN needs,
// autograd and Adam.
//
// Rules. Every function but magn_abi, magn_live and magn_free returns 0, or 1
// after it has written a message into err (errlen bytes, always terminated); no
// C++ exception crosses. Tensors are opaque handles that the caller frees. Data
// crosses by copy. No mode outlives a call: whether a call records gradients is
// an argument (MAGN_GRAD), and so is bf16 (MAGN_BF16), which casts as PyTorch's
// autocast does: convolutions in bf16 on fp32 weights, what follows in the type
// of its input, losses in fp32. All calls come from one thread.
#pragma once
#include <cstdint>

#define MAGN_ABI 1

#define MAGN_GRAD 1
#define MAGN_BF16 2

// Element types of data that crosses.
#define MAGN_F32 0
#define MAGN_F64 1
#define MAGN_BF 2
#define MAGN_U8 3
#define MAGN_I64 4
#define MAGN_F16 5

#define MAGN_API extern "C" __attribute__((visibility("default")))

typedef int64_t tensor;  // handle
typedef int64_t len;

// Library
MAGN_API int32_t magn_abi();
MAGN_API int64_t magn_live();  // tensors not freed yet
MAGN_API int32_t magn_info(char* out, len outlen, char* err, len errlen);  // JSON
MAGN_API int32_t magn_threads(int64_t n, char* err, len errlen);
MAGN_API int32_t magn_cuda_devices(int64_t* n, char* err, len errlen);
MAGN_API int32_t magn_deterministic(int64_t on, char* err, len errlen);

// Tensors. device: -1 the CPU, else a CUDA device's number.
MAGN_API int32_t magn_new(const void* data, int64_t dtype, const int64_t* shape, int64_t ndim, int64_t device, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_read(tensor t, void* data, int64_t bytes, char* err, len errlen);
MAGN_API int32_t magn_shape(tensor t, int64_t* shape8, int64_t* ndim, int64_t* dtype, char* err, len errlen);
MAGN_API int32_t magn_assign(tensor dst, tensor src, char* err, len errlen);
MAGN_API void magn_free(tensor t);
MAGN_API int32_t magn_requires_grad(tensor t, int64_t on, char* err, len errlen);
MAGN_API int32_t magn_grad(tensor t, tensor* out, char* err, len errlen);  // 0 where there is none
MAGN_API int32_t magn_zero_grad(const tensor* ts, int64_t n, char* err, len errlen);
MAGN_API int32_t magn_convert(tensor t, int64_t dtype, int64_t device, int64_t channels_last, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_detach(tensor t, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_reshape(tensor t, const int64_t* shape, int64_t ndim, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_narrow(tensor t, int64_t dim, int64_t start, int64_t length, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_cat(const tensor* ts, int64_t n, int64_t dim, int64_t mode, tensor* out, char* err, len errlen);

// Layers
MAGN_API int32_t magn_conv2d(tensor x, tensor w, int64_t stride, int64_t pad, int64_t dilation, int64_t mode, tensor* out, char* err, len errlen);
// Batch norm, then plus a residual where there is one (else 0), then ReLU where asked.
MAGN_API int32_t magn_batch_norm(tensor x, const tensor* weight_bias_mean_var, tensor residual, int64_t relu, int64_t training, double momentum, double eps, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_relu(tensor x, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_max_pool(tensor x, int64_t kernel, int64_t stride, int64_t pad, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_linear(tensor x, tensor w, tensor b, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_lse_pool(tensor x, double r, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_channel_sum(tensor x, tensor w, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_upsample(tensor x, int64_t h, int64_t w, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_bce(tensor logits, tensor targets, int64_t mode, tensor* out, char* err, len errlen);

// Arithmetic with broadcasting
MAGN_API int32_t magn_add(tensor a, tensor b, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_sub(tensor a, tensor b, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_mul(tensor a, tensor b, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_div(tensor a, tensor b, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_affine(tensor a, double scale, double shift, int64_t mode, tensor* out, char* err, len errlen);  // a*scale + shift
MAGN_API int32_t magn_sigmoid(tensor a, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_greater(tensor a, double value, tensor* out, char* err, len errlen);  // 1 or 0 in a's type
MAGN_API int32_t magn_sum(tensor a, const int64_t* dims, int64_t n, int64_t keep, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_amin(tensor a, const int64_t* dims, int64_t n, int64_t keep, int64_t mode, tensor* out, char* err, len errlen);
MAGN_API int32_t magn_amax(tensor a, const int64_t* dims, int64_t n, int64_t keep, int64_t mode, tensor* out, char* err, len errlen);

// Autograd and optimiser
MAGN_API int32_t magn_backward(tensor loss, char* err, len errlen);
MAGN_API int32_t magn_gradients(tensor of, const tensor* to, int64_t n, tensor* outs, char* err, len errlen);
MAGN_API int32_t magn_adam(const tensor* params, const tensor* m, const tensor* v, int64_t n, int64_t step, double lr, double beta1, double beta2, double eps, char* err, len errlen);
