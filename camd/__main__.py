from camd.cli.root import main

main()
