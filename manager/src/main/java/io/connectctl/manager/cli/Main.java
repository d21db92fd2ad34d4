package io.connectctl.manager.cli;

/** Where {@code bin/connectctl} enters. */
public final class Main {
    /** What a shell says of a program that SIGPIPE ended, as of most whose reader, such as head, has enough. */
    private static final int CLOSED_PIPE = 141;

    private Main() {}

    /** Runs one command and exits with its code. */
    public static void main(String[] arguments) {
        CliContext context;
        try {
            context = CliContext.system();
        } catch (IllegalArgumentException e) {
            System.err.println("connectctl: " + e.getMessage());
            System.exit(ExitCode.FAILURE.code());
            return;
        }
        int code = Cli.run(context, arguments);
        // A PrintStream swallows failures: a script must not take half a document for a whole one.
        if (context.out().checkError()) {
            code = code != ExitCode.OK.code()
                    ? code
                    : context.terminal().piped() ? CLOSED_PIPE : ExitCode.FAILURE.code();
            if (!context.terminal().piped()) {
                context.err().println("connectctl: stdout can't be written: is it closed, or the disk full?");
            }
        }
        context.err().flush();
        System.exit(code);
    }
}
