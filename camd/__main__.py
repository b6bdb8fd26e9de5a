from camd.cli import main

main()
