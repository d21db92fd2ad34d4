package io.connectctl.manager.cli;

/** Where {@code bin/connectctl} enters. */
public final class Main {
    private Main() {}

    /** Runs one command and exits with its code. */
    public static void main(String[] arguments) {
        CliContext context = CliContext.system();
        int code = Cli.run(context, arguments);
        // A PrintStream swallows failures: a script must not take half a document for a whole one.
        if (context.out().checkError()) {
            code = code == ExitCode.OK.code() ? ExitCode.FAILURE.code() : code;
            if (!context.terminal().piped()) {
                context.err().println("connectctl: stdout can't be written: is it closed, or the disk full?");
            }
        }
        context.err().flush();
        System.exit(code);
    }
}
