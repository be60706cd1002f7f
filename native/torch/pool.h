#pragma once
#include <ATen/ATen.h>

// Max pooling of 3×3 with stride 2 and padding 1, for tensors that fit.
bool max_pool_fits(const at::Tensor& x);
at::Tensor max_pool_3x3(const at::Tensor& x);
