#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/csrc/api/include/torch/version.h>

#include <sstream>

#include "handle.h"

std::atomic<int64_t> live_tensors{0};

namespace {

at::ScalarType scalar_type(int64_t dtype) {
  switch (dtype) {
    case MAGN_F32: return at::kFloat;
    case MAGN_F64: return at::kDouble;
    case MAGN_BF: return at::kBFloat16;
    case MAGN_U8: return at::kByte;
    case MAGN_I64: return at::kLong;
    case MAGN_F16: return at::kHalf;
  }
  TORCH_CHECK(false, "unknown element type ", dtype);
}

int64_t dtype_of(const at::Tensor& t) {
  switch (t.scalar_type()) {
    case at::kFloat: return MAGN_F32;
    case at::kDouble: return MAGN_F64;
    case at::kBFloat16: return MAGN_BF;
    case at::kByte: return MAGN_U8;
    case at::kLong: return MAGN_I64;
    case at::kHalf: return MAGN_F16;
    default: break;
  }
  TORCH_CHECK(false, "a tensor of type ", t.scalar_type(), " does not cross");
}

at::Device device_of(int64_t device) {
  return device < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device));
}

std::string quoted(const std::string& s) {
  std::string out = "\"";
  for (char c : s) {
    if (c == '"' || c == '\\') out += '\\', out += c;
    else if (c == '\n') out += "\\n";
    else if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + "\"";
}

}  // namespace

int32_t magn_abi() { return MAGN_ABI; }

int64_t magn_live() { return live_tensors.load(std::memory_order_relaxed); }

int32_t magn_info(char* out, len outlen, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    std::ostringstream s;
    s << "{\"version\":" << quoted(TORCH_VERSION) << ",\"threads\":" << at::get_num_threads()
      << ",\"onednn\":" << (at::hasMKLDNN() ? "true" : "false") << ",\"mkl\":" << (at::hasMKL() ? "true" : "false")
      << ",\"lapack\":" << (at::hasLAPACK() ? "true" : "false") << ",\"cuda\":" << (at::hasCUDA() ? "true" : "false")
      << ",\"config\":" << quoted(at::show_config()) << ",\"parallel\":" << quoted(at::get_parallel_info()) << "}";
    say(s.str().c_str(), out, outlen);
  });
}

int32_t magn_threads(int64_t n, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    TORCH_CHECK(n >= 1 && n <= 4096, "threads: found ", n, ", expected 1 to 4096");
    at::set_num_threads(static_cast<int>(n));
  });
}

int32_t magn_cuda_devices(int64_t* n, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    *n = 0;
    if (at::hasCUDA()) *n = at::detail::getCUDAHooks().getNumGPUs();
  });
}

int32_t magn_deterministic(int64_t on, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    at::globalContext().setBenchmarkCuDNN(false);
    at::globalContext().setDeterministicCuDNN(on != 0);
    at::globalContext().setAllowTF32CuDNN(on == 0);  // fp32 means fp32
  });
}

int32_t magn_new(const void* data, int64_t dtype, const int64_t* shape, int64_t ndim, int64_t device, tensor* out, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    c10::AutoGradMode no_grad(false);
    auto options = at::TensorOptions().dtype(scalar_type(dtype));
    at::Tensor t;
    if (data == nullptr) {
      t = at::zeros(at::IntArrayRef(shape, ndim), options);
    } else {
      t = at::empty(at::IntArrayRef(shape, ndim), options);
      std::memcpy(t.data_ptr(), data, t.nbytes());
    }
    *out = to_handle(device < 0 ? t : t.to(device_of(device)));
  });
}

int32_t magn_read(tensor h, void* data, int64_t bytes, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    c10::AutoGradMode no_grad(false);
    auto t = at_handle(h).detach().to(at::kCPU).contiguous();
    TORCH_CHECK(static_cast<int64_t>(t.nbytes()) == bytes, "the tensor has ", t.nbytes(), " bytes, the caller's slice ", bytes);
    std::memcpy(data, t.data_ptr(), t.nbytes());
  });
}

int32_t magn_shape(tensor h, int64_t* shape8, int64_t* ndim, int64_t* dtype, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    auto& t = at_handle(h);
    TORCH_CHECK(t.dim() <= 8, "a tensor of ", t.dim(), " dimensions does not cross");
    for (int64_t i = 0; i < t.dim(); i++) shape8[i] = t.size(i);
    *ndim = t.dim();
    *dtype = dtype_of(t);
  });
}

int32_t magn_assign(tensor dst, tensor src, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    c10::AutoGradMode no_grad(false);
    TORCH_CHECK(at_handle(dst).sizes() == at_handle(src).sizes(), "assign: shapes differ");
    at_handle(dst).copy_(at_handle(src));
  });
}

void magn_free(tensor h) {
  if (h == 0) return;
  delete reinterpret_cast<at::Tensor*>(h);
  live_tensors.fetch_sub(1, std::memory_order_relaxed);
}

int32_t magn_requires_grad(tensor h, int64_t on, char* err, len errlen) {
  return guarded(err, errlen, [&] { at_handle(h).set_requires_grad(on != 0); });
}

int32_t magn_grad(tensor h, tensor* out, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    auto& g = at_handle(h).grad();
    *out = g.defined() ? to_handle(g) : 0;
  });
}

int32_t magn_zero_grad(const tensor* ts, int64_t n, char* err, len errlen) {
  return guarded(err, errlen, [&] {
    for (int64_t i = 0; i < n; i++) at_handle(ts[i]).mutable_grad() = at::Tensor();
  });
}

int32_t magn_convert(tensor h, int64_t dtype, int64_t device, int64_t channels_last, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] {
    auto t = at_handle(h).to(device_of(device), scalar_type(dtype));
    if (channels_last == 0 || t.dim() != 4) return t;
    // One channel is contiguous in both formats, and its strides must say which:
    // the convolution takes its output's format from them.
    if (t.size(1) == 1) return at::empty(t.sizes(), t.options(), at::MemoryFormat::ChannelsLast).copy_(t);
    return t.contiguous(at::MemoryFormat::ChannelsLast);
  });
}

int32_t magn_detach(tensor h, tensor* out, char* err, len errlen) {
  return op(0, out, err, errlen, [&] { return at_handle(h).detach(); });
}

int32_t magn_reshape(tensor h, const int64_t* shape, int64_t ndim, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at_handle(h).reshape(at::IntArrayRef(shape, ndim)); });
}

int32_t magn_narrow(tensor h, int64_t dim, int64_t start, int64_t length, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] { return at_handle(h).narrow(dim, start, length); });
}

int32_t magn_cat(const tensor* ts, int64_t n, int64_t dim, int64_t mode, tensor* out, char* err, len errlen) {
  return op(mode, out, err, errlen, [&] {
    std::vector<at::Tensor> list;
    for (int64_t i = 0; i < n; i++) list.push_back(at_handle(ts[i]));
    return at::cat(list, dim);
  });
}
