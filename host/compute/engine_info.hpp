// What an engine is called and runs on. Used by both engine interfaces and by `assay engines`.

#pragma once

#include <string>

namespace assay::compute {

struct EngineInfo {
    std::string name;         // "cpu:shani", "opencl:0": as configuration and metrics spell it
    std::string description;  // for people: device, driver, compute units
};

}  // namespace assay::compute
