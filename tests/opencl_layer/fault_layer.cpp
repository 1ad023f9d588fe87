// The layer itself: a shared library of its own, linked to nothing of ours.

#include "tests/opencl_layer/fault_layer.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <mutex>

#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl_layer.h>

namespace {

using assay::test::Fault;

// Global, because OpenCL calls come without any context of ours.
struct State {
    std::mutex mutex;
    std::condition_variable changed;
    Fault fault = Fault::kNone;
    unsigned word = 0;
    unsigned calls = 0;
    unsigned hanging = 0;
    const cl_icd_dispatch* device = nullptr;
    cl_icd_dispatch layer{};
};
State& state() {
    static State only;
    return only;
}
const cl_icd_dispatch& device() { return *state().device; }

// Where a call that may wait for the device begins: hangs if that is the fault.
void wait_for_device() {
    std::unique_lock lock(state().mutex);
    ++state().calls;
    if (state().fault != Fault::kHang) return;
    ++state().hanging;
    state().changed.wait(lock, [] { return state().fault != Fault::kHang; });
    --state().hanging;
}

bool is_now(Fault fault) {
    const std::scoped_lock lock(state().mutex);
    ++state().calls;
    return state().fault == fault;
}

void spoil(void* data, std::size_t bytes) {
    const std::scoped_lock lock(state().mutex);
    if (state().fault != Fault::kWrongWord || bytes < 4 || data == nullptr) return;
    const std::size_t at = state().word % (bytes / 4) * 4;
    std::uint32_t word = 0;
    std::memcpy(&word, static_cast<char*>(data) + at, 4);
    word ^= 0x00010000;
    std::memcpy(static_cast<char*>(data) + at, &word, 4);
}

cl_context CL_API_CALL
create_context(const cl_context_properties* properties,
               cl_uint count,
               const cl_device_id* devices,
               void(CL_CALLBACK* notify)(const char*, const void*, size_t, void*),
               void* data,
               cl_int* error) {
    if (is_now(Fault::kLostDevice)) {
        if (error != nullptr) *error = CL_DEVICE_NOT_AVAILABLE;
        return nullptr;
    }
    return device().clCreateContext(properties, count, devices, notify, data, error);
}

cl_int CL_API_CALL enqueue_kernel(cl_command_queue queue,
                                  cl_kernel kernel,
                                  cl_uint dimensions,
                                  const size_t* offset,
                                  const size_t* global,
                                  const size_t* local,
                                  cl_uint waits,
                                  const cl_event* wait_list,
                                  cl_event* event) {
    if (is_now(Fault::kLostDevice)) return CL_DEVICE_NOT_AVAILABLE;
    if (is_now(Fault::kOutOfResources)) return CL_OUT_OF_RESOURCES;
    return device().clEnqueueNDRangeKernel(queue, kernel, dimensions, offset, global, local, waits,
                                           wait_list, event);
}

cl_int CL_API_CALL enqueue_read(cl_command_queue queue,
                                cl_mem buffer,
                                cl_bool blocking,
                                size_t offset,
                                size_t size,
                                void* data,
                                cl_uint waits,
                                const cl_event* wait_list,
                                cl_event* event) {
    if (is_now(Fault::kLostDevice)) return CL_DEVICE_NOT_AVAILABLE;
    const bool spoiled = is_now(Fault::kWrongWord);
    if (blocking == CL_TRUE) wait_for_device();
    const cl_int done = device().clEnqueueReadBuffer(queue, buffer, spoiled ? CL_TRUE : blocking,
                                                     offset, size, data, waits, wait_list, event);
    if (done == CL_SUCCESS && spoiled) spoil(data, size);
    return done;
}

void* CL_API_CALL enqueue_map(cl_command_queue queue,
                              cl_mem buffer,
                              cl_bool blocking,
                              cl_map_flags flags,
                              size_t offset,
                              size_t size,
                              cl_uint waits,
                              const cl_event* wait_list,
                              cl_event* event,
                              cl_int* error) {
    if (is_now(Fault::kLostDevice)) {
        if (error != nullptr) *error = CL_DEVICE_NOT_AVAILABLE;
        return nullptr;
    }
    const bool spoiled = is_now(Fault::kWrongWord) && (flags & CL_MAP_READ) != 0;
    if (blocking == CL_TRUE) wait_for_device();
    void* const mapped =
        device().clEnqueueMapBuffer(queue, buffer, spoiled ? CL_TRUE : blocking, flags, offset,
                                    size, waits, wait_list, event, error);
    if (spoiled) spoil(mapped, size);
    return mapped;
}

cl_int CL_API_CALL finish(cl_command_queue queue) {
    if (is_now(Fault::kLostDevice)) return CL_DEVICE_NOT_AVAILABLE;
    wait_for_device();
    return device().clFinish(queue);
}

cl_int CL_API_CALL wait_for_events(cl_uint count, const cl_event* events) {
    if (is_now(Fault::kLostDevice)) return CL_DEVICE_NOT_AVAILABLE;
    wait_for_device();
    return device().clWaitForEvents(count, events);
}

}  // namespace

void assay_layer_set_fault(int fault, unsigned word) {
    const std::scoped_lock lock(state().mutex);
    state().fault = static_cast<Fault>(fault);
    state().word = word;
    state().changed.notify_all();
}

unsigned assay_layer_calls() {
    const std::scoped_lock lock(state().mutex);
    return state().calls;
}

unsigned assay_layer_hanging() {
    const std::scoped_lock lock(state().mutex);
    return state().hanging;
}

CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(cl_layer_info name,
                                               size_t size,
                                               void* value,
                                               size_t* size_out) {
    const cl_layer_api_version version = CL_LAYER_API_VERSION_100;
    constexpr char kName[] = "assay fault injection";
    const void* const from = name == CL_LAYER_API_VERSION ? static_cast<const void*>(&version)
                                                          : static_cast<const void*>(kName);
    if (name != CL_LAYER_API_VERSION && name != CL_LAYER_NAME) return CL_INVALID_VALUE;
    const size_t bytes = name == CL_LAYER_API_VERSION ? sizeof version : sizeof kName;
    if (size_out != nullptr) *size_out = bytes;
    if (value == nullptr) return CL_SUCCESS;
    if (size < bytes) return CL_INVALID_VALUE;
    std::memcpy(value, from, bytes);
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint entries,
                                            const cl_icd_dispatch* target,
                                            cl_uint* entries_out,
                                            const cl_icd_dispatch** layer_out) {
    cl_icd_dispatch& layer = state().layer;
    constexpr cl_uint kEntries = sizeof layer / sizeof(void*);
    if (entries < 1 || target == nullptr) return CL_INVALID_VALUE;
    state().device = target;
    std::memcpy(&layer, target, std::min(entries, kEntries) * sizeof(void*));
    layer.clCreateContext = create_context;
    layer.clEnqueueNDRangeKernel = enqueue_kernel;
    layer.clEnqueueReadBuffer = enqueue_read;
    layer.clEnqueueMapBuffer = enqueue_map;
    layer.clFinish = finish;
    layer.clWaitForEvents = wait_for_events;
    *entries_out = std::min(entries, kEntries);
    *layer_out = &layer;
    return CL_SUCCESS;
}
