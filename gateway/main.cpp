// assay: everything an operator, a producer or a member does. See gateway/cli/cli.cpp for the
// verbs, gateway/app.cpp for the daemon, gateway/update_flow.cpp for what it is all about.

#include "gateway/cli/cli.hpp"

int main(int argc, char** argv) { return assay::gateway::cli::run(argc, argv); }
