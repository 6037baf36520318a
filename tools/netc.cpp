// netc: compiles, trains and explains `.net` files.
#include "tools/driver/driver.h"

int main(int argc, char** argv) { return netc::run_netc(argc, argv); }
