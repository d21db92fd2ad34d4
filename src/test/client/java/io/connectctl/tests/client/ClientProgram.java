package io.connectctl.tests.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.connect.SparkSession;

/**
 * Does with a Spark Connect server what a user's program does. Arguments: the URL, then what to do:
 * {@code hello} (one query), {@code shuffle} (a query with an exchange), {@code hold} (keeps a session open and answers
 * each line of standard input with the result of one more query in that session), {@code exhaust} (a query that needs
 * more heap than a small server has), {@code sleep:MILLIS} (a query that takes so long, then, after a line of standard input, one more
 * in the same session), {@code linger} (a query whose answer is read to its end only after a line of standard input), {@code avro} (writes three rows in a format that Spark itself doesn't bring, and counts
 * them).
 */
public final class ClientProgram {
    private ClientProgram() {}

    /** Prints one result a line; ends with 0 if all went well. */
    public static void main(String[] args) throws IOException {
        SparkSession session = SparkSession.builder().remote(args[0]).getOrCreate();
        try {
            switch (args[1].split(":", 2)[0]) {
                case "hello" -> System.out.println(hello(session));
                case "shuffle" ->
                    System.out.println(session.sql(
                                    "select count(*) as groups from (select id % 17 as k, count(*) from range(0, 10000, 1, 4) group by id % 17)")
                            .collectAsList()
                            .get(0)
                            .getLong(0));
                case "hold" -> hold(session);
                case "sleep" -> sleep(session, Long.parseLong(args[1].split(":", 2)[1]));
                case "linger" -> linger(session);
                case "exhaust" ->
                    session.sql(
                                    "select length(concat_ws('', collect_list(repeat(cast(id as string), 1000000)))) from range(2000)")
                            .collectAsList();
                case "avro" -> {
                    session.range(3).write().format("avro").mode("overwrite").save("/tmp/three-rows");
                    System.out.println(session.read()
                            .format("avro")
                            .load("/tmp/three-rows")
                            .count());
                }
                default -> throw new IllegalArgumentException("unknown: " + args[1]);
            }
        } finally {
            session.stop();
        }
    }

    private static String hello(SparkSession session) {
        return session.sql("select 'Hello, Spark Connect!' as message")
                .collectAsList()
                .get(0)
                .getString(0);
    }

    private static void sleep(SparkSession session, long millis) throws IOException {
        System.out.println(session.sql(
                        "select count(*) from range(0, 1, 1, 1) where java_method('java.lang.Thread', 'sleep', cast("
                                + millis + " as bigint)) is null")
                .collectAsList()
                .get(0)
                .getLong(0));
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        System.out.println(hello(session));
    }

    private static void linger(SparkSession session) throws IOException {
        Iterator<Row> rows = session.sql("select id from range(0, 100000, 1, 4) where id > 0 or"
                        + " java_method('java.lang.Thread', 'sleep', cast(500 as bigint)) is null")
                .toLocalIterator();
        rows.next();
        long count = 1;
        System.out.println("reading");
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
        while (rows.hasNext()) {
            rows.next();
            count++;
        }
        System.out.println(count);
    }

    private static void hold(SparkSession session) throws IOException {
        session.sql("create or replace temporary view mine as select 42 as answer")
                .collectAsList();
        System.out.println("ready");
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = input.readLine(); line != null && !line.equals("stop"); line = input.readLine()) {
            // A view of the session: proves that it is still the same one.
            System.out.println(session.sql("select answer from mine")
                    .collectAsList()
                    .get(0)
                    .getInt(0));
        }
    }
}
