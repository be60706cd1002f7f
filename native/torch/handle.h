// Handles, modes and the guard that keeps exceptions on this side.
#pragma once
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <atomic>
#include <cstring>

#include "magn_torch.h"

extern std::atomic<int64_t> live_tensors;

inline at::Tensor& at_handle(tensor h) {
  TORCH_CHECK(h != 0, "no tensor (handle 0)");
  return *reinterpret_cast<at::Tensor*>(h);
}

inline tensor to_handle(at::Tensor t) {
  auto* p = new at::Tensor(std::move(t));
  live_tensors.fetch_add(1, std::memory_order_relaxed);
  return reinterpret_cast<tensor>(p);
}

inline void say(const char* what, char* err, len errlen) {
  if (err == nullptr || errlen <= 0) return;
  std::strncpy(err, what, static_cast<size_t>(errlen) - 1);
  err[errlen - 1] = 0;
}

// guarded runs f and turns whatever it throws into a message and 1.
template <class F>
int32_t guarded(char* err, len errlen, F&& f) {
  try {
    f();
    return 0;
  } catch (const c10::Error& e) {
    say(e.what_without_backtrace(), err, errlen);
  } catch (const std::exception& e) {
    say(e.what(), err, errlen);
  } catch (...) {
    say("an exception of unknown type", err, errlen);
  }
  return 1;
}

// op runs f with gradients recorded or not, as mode says, and hands its tensor out.
template <class F>
int32_t op(int64_t mode, tensor* out, char* err, len errlen, F&& f) {
  return guarded(err, errlen, [&] {
    c10::AutoGradMode grad((mode & MAGN_GRAD) != 0);
    *out = to_handle(f());
  });
}

// Low precision up to fp32; fp64 stays.
inline at::Tensor full_precision(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
}
