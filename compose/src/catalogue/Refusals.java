import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Finds which keys of the catalogue a starting Spark really reads: it is started anew for each typed key, with a value that is
 * of no type, and those that stop it are printed. Run on a Spark's own jars; see {@code run}.
 */
public final class Refusals {
    private Refusals() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> typed = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of(arguments[0]), StandardCharsets.UTF_8)) {
            String[] fields = line.split("\t", -1);
            if (fields[2].matches("(?:boolean|int|long|double|bytes|time).*")) {
                typed.put(fields[0], fields[1]);
            }
        }
        String sound = start("spark.app.name", "sound");
        if (!sound.isEmpty()) {
            throw new IOException("Spark doesn't start without a mistake either: " + sound);
        }
        typed.forEach((key, kind) -> {
            String failure = start(key, "connectctl?");
            if (!failure.isEmpty()) {
                System.out.println(key + "\t" + failure);
            }
        });
        System.out.flush();
        // Half-started contexts leave threads behind.
        Runtime.getRuntime().halt(0);
    }

    /** As SparkConnectServer starts, then a first session; where it stopped, or empty. */
    private static String start(String key, String value) {
        SparkConf conf = new SparkConf(false)
                .setMaster("local[1]")
                .setAppName("refusals")
                .set("spark.ui.enabled", "false")
                .set("spark.connect.grpc.binding.port", "0")
                .set(key, value);
        String reached = "start";
        SparkContext context = null;
        try {
            context = new SparkContext(conf);
            Class<?> service = Class.forName("org.apache.spark.sql.connect.service.SparkConnectService");
            try {
                startService(service, context);
                reached = "session";
                SparkSession session = session(context);
                session.newSession().sql("SELECT 1").collect();
                return "";
            } finally {
                stop(service);
            }
        } catch (Throwable e) {
            Throwable cause = e;
            while (cause.getCause() != null && !String.valueOf(cause.getMessage()).contains("connectctl?")) {
                cause = cause.getCause();
            }
            return reached + "\t" + String.valueOf(cause).lines().findFirst().orElse("");
        } finally {
            try {
                SparkSession.clearActiveSession();
                SparkSession.clearDefaultSession();
                if (context != null) {
                    context.stop();
                }
            } catch (Throwable e) {
                // What half-started can't be stopped properly.
            }
            // One that couldn't be stopped must not be in the next one's way.
            org.apache.spark.SparkContext$.MODULE$.clearActiveContext();
        }
    }

    private static SparkSession session(SparkContext context) throws Exception {
        // 4.x: the API is apart from the engine.
        String name = Refusals.class.getClassLoader().getResource("org/apache/spark/sql/classic/SparkSession.class") == null
                ? "org.apache.spark.sql.SparkSession"
                : "org.apache.spark.sql.classic.SparkSession";
        java.lang.reflect.Constructor<?> constructor = Class.forName(name).getDeclaredConstructor(SparkContext.class);
        constructor.setAccessible(true);
        return (SparkSession) constructor.newInstance(context);
    }

    /** Up to 3.5 it finds the context by itself. */
    private static void startService(Class<?> service, SparkContext context) throws Exception {
        try {
            service.getMethod("start", SparkContext.class).invoke(null, context);
        } catch (NoSuchMethodException e) {
            service.getMethod("start").invoke(null);
        }
    }

    private static void stop(Class<?> service) {
        for (java.lang.reflect.Method method : service.getMethods()) {
            if (method.getName().equals("stop") && method.getParameterCount() == 2) {
                try {
                    method.invoke(null, scala.Option.apply(0L), scala.Option.apply(java.util.concurrent.TimeUnit.SECONDS));
                } catch (Exception e) {
                    // It never started.
                }
            }
        }
    }
}
