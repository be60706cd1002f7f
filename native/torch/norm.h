#pragma once
#include <ATen/ATen.h>

// Whether norm_act can take these: bf16, channels-last, on the CPU.
bool norm_act_fits(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& residual);

// Batch norm with the batch's statistics (running ones are updated), plus the
// residual where it is defined, then ReLU where asked.
at::Tensor norm_act(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& running_mean, const at::Tensor& running_var, const at::Tensor& residual, bool relu, double momentum, double eps);

// The same with the running statistics, without gradients.
at::Tensor norm_act_eval(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& running_mean, const at::Tensor& running_var, const at::Tensor& residual, bool relu, double eps);
