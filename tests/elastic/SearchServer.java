import org.codelibs.opensearch.runner.OpenSearchRunner;

/**
 * One OpenSearch node on loopback, whose data is in a folder and stays there:
 *
 * <pre>java -cp JARS/* SearchServer.java FOLDER PORT [SETTING=VALUE…]</pre>
 *
 * A setting `plugins` names the classes of plugins that are among the jars. Ends when its standard input does.
 */
public class SearchServer {
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[1]);
        OpenSearchRunner runner = new OpenSearchRunner();
        OpenSearchRunner.Configs configs = OpenSearchRunner.newConfigs().basePath(arguments[0]).numOfNode(1)
            .baseHttpPort(port - 1).clusterName("hostscope-test");
        for (int i = 2; i < arguments.length; i++) {
            if (arguments[i].startsWith("plugins=")) {
                configs.pluginTypes(arguments[i].substring("plugins=".length()));
            }
        }
        runner.setMaxHttpPort(port);
        runner.onBuild((number, settings) -> {
            settings.put("http.port", port);
            settings.put("network.host", "127.0.0.1");
            settings.put("transport.port", "0");
            settings.put("discovery.type", "single-node");
            settings.putList("discovery.seed_hosts");
            settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
            for (int i = 2; i < arguments.length; i++) {
                String[] parts = arguments[i].split("=", 2);
                if (!parts[0].equals("plugins")) {
                    settings.put(parts[0], parts[1]);
                }
            }
        }).build(configs);
        while (System.in.read() >= 0) {
        }
        Runtime.getRuntime().halt(0);
    }
}
