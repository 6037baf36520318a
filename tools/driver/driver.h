// The two programs behind their `main`: a command line becomes calls into the folders.
#pragma once

namespace netc {

int run_netc(int argc, char** argv);
int run_net_opt(int argc, char** argv);

}  // namespace netc
