// bf16 numbers as bits, for the loops that libtorch has no fast form of: bf16
// activations in channels-last memory on the CPU.
#pragma once
#include <ATen/ATen.h>

#include <cstring>

// The compiler makes one version for each of these and the loader picks.
#define MAGN_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))

inline float widen(uint16_t b) {
  uint32_t u = static_cast<uint32_t>(b) << 16;
  float f;
  std::memcpy(&f, &u, 4);
  return f;
}

// Round to nearest, ties to even; a NaN stays one, so that a training that
// diverged is seen.
inline uint16_t narrow(float f) {
  uint32_t u;
  std::memcpy(&u, &f, 4);
  uint32_t rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
  return static_cast<uint16_t>((u & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
}

inline float widen(float f) { return f; }

template <class T>
inline T* stored(const at::Tensor& t) {
  return reinterpret_cast<T*>(t.data_ptr());
}

inline const uint16_t* bits(const at::Tensor& t) { return reinterpret_cast<const uint16_t*>(t.data_ptr<at::BFloat16>()); }
inline uint16_t* bits(at::Tensor& t) { return reinterpret_cast<uint16_t*>(t.data_ptr<at::BFloat16>()); }

inline bool is_rows(const at::Tensor& t) { return t.device().is_cpu() && t.dim() == 4 && t.is_contiguous(at::MemoryFormat::ChannelsLast); }

inline bool is_bf16_rows(const at::Tensor& t) { return is_rows(t) && t.scalar_type() == at::kBFloat16; }
