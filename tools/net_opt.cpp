// net-opt: runs passes on graphs or loops as text, for tests and for the curious.
#include "tools/driver/driver.h"

int main(int argc, char** argv) { return netc::run_net_opt(argc, argv); }
