// Where exceptions of the OpenCL binding, and of allocations on its behalf, end. Internal to this
// folder.

#pragma once

#include <new>

#include "host/compute/opencl/cl.hpp"

namespace assay::compute::opencl {

template <typename F>
auto guarded(F&& function) -> decltype(function()) {
    try {
        return function();
    } catch (const cl::Error& error) {
        return fail(to_error(error));
    } catch (const EngineFailure& failure) {
        return fail(Error(failure.error()));
    } catch (const std::bad_alloc&) {
        return fail(std::errc::not_enough_memory, "out of memory");
    }
}

}  // namespace assay::compute::opencl
